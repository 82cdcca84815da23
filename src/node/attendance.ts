import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { MemberId, PublicKey } from "../types/scalars.ts";
import { quorum, type ValidatorSet } from "../types/validator-set.ts";
import type { Membership } from "./membership.ts";

/** Authorities that a block would take and this node is not connected to. */
export interface Absence {
  /** Authorities that are here, this node among them. */
  readonly here: number;
  readonly authorities: number;
  readonly needed: number;
  readonly absent: readonly MemberId[];
}

interface AttendanceModules {
  readonly membership: Pick<Membership, "isAuthority" | "memberOf">;
  readonly transport: Pick<Transport, "peers">;
  /** Of the next height. */
  readonly authorities: () => ValidatorSet;
  readonly member: MemberId;
  readonly logger: Logger;
}

/** Who of the members is connected, by name: an operator whose chain stands still wants to know whom to call. */
export class Attendance {
  readonly #m: AttendanceModules;
  /** A node that starts has nobody yet, which is nothing to warn of. */
  #isShort = true;

  constructor(modules: AttendanceModules) {
    this.#m = modules;
  }

  /** Null while an authority has a quorum at hand. A follower may have its blocks from anybody. */
  get absence(): Absence | null {
    const { membership, transport, member } = this.#m;
    if (!membership.isAuthority) return null;
    const here = new Set([member, ...transport.peers().map(({ nodeKey }) => membership.memberOf(nodeKey))]);
    const set = this.#m.authorities();
    const absent = set.map((authority) => authority.member).filter((name) => !here.has(name));
    const needed = quorum(set.length);
    const present = set.length - absent.length;
    return present >= needed ? null : { here: present, authorities: set.length, needed, absent };
  }

  onConnected(peer: PublicKey): void {
    this.#m.logger.info("a member's node is connected", { peer: this.#m.membership.memberOf(peer) ?? peer });
    this.#judge();
  }

  onDisconnected(peer: PublicKey): void {
    this.#m.logger.info("a member's node is gone", { peer: this.#m.membership.memberOf(peer) ?? peer });
    this.#judge();
  }

  #judge(): void {
    const { absence } = this;
    const wasShort = this.#isShort;
    this.#isShort = absence !== null;
    if (absence !== null && !wasShort)
      this.#m.logger.warn("fewer than a quorum of the authorities are connected: no block can be made", { ...absence });
    if (absence === null && wasShort) this.#m.logger.info("a quorum of the authorities is connected");
  }
}
