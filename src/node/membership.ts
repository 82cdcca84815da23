import { KNOWN_FEATURES, unknownFeature } from "../ledger/governance/features.ts";
import { memberObjectId } from "../ledger/ids.ts";
import type { ObjectOf } from "../ledger/objects.ts";
import { membersOf, validatorsOf } from "../ledger/validators.ts";
import { CodedError } from "../lib/coded-error.ts";
import type { Logger } from "../ports/observe.ts";
import type { Transport } from "../ports/transport.ts";
import type { Height, MemberId, PublicKey } from "../types/scalars.ts";
import type { ObjectStore } from "./object-store.ts";

/** The members voted for rules that this version does not know: it must not go on under them. */
export class FeatureUnknownError extends CodedError<"FEATURE_UNKNOWN"> {
  override readonly name = "FeatureUnknownError";
}

interface MembershipModules {
  readonly objects: ObjectStore;
  readonly transport: Transport;
  readonly logger: Logger;
  readonly member: MemberId;
  /** The consensus key of this machine, whether the members know it or not. */
  readonly ownKey: PublicKey | null;
  /** Node keys that the operator configured: the doors of a newcomer, who knows no table yet. */
  readonly contacts: ReadonlySet<PublicKey>;
  readonly knownFeatures?: ReadonlySet<string>;
}

/** What the state says of who belongs to the chain, as far as it concerns this node: whom it may connect, whether it signs, what rules hold. */
export class Membership {
  readonly #m: MembershipModules;
  #members: ReadonlyMap<PublicKey, MemberId> = new Map();
  #allowed: ReadonlySet<PublicKey> = new Set();
  #isMember = false;
  #announced: string | null = null;

  constructor(modules: MembershipModules) {
    this.#m = modules;
  }

  /** Whether the key of this machine is among the authorities of the next height. */
  get isAuthority(): boolean {
    const { ownKey, objects } = this.#m;
    return ownKey !== null && validatorsOf(objects).some(({ key }) => key === ownKey);
  }

  /** Whether the members know another consensus key of this member than this machine has. */
  get hasOtherKey(): boolean {
    const { ownKey, objects, member } = this.#m;
    const known = (objects.get("member", memberObjectId(member)) as ObjectOf<"member"> | undefined)?.authorityKey;
    return ownKey !== null && known !== undefined && known !== ownKey;
  }

  memberOf(peer: PublicKey): MemberId | undefined {
    return this.#members.get(peer);
  }

  isAllowed(peer: PublicKey): boolean {
    return this.#allowed.has(peer);
  }

  /**
   * Takes the member table of the committed state. Who has left it is cut off at once. The configured contacts count as long as this
   * node's own member is not in the table: from then on the table alone says who belongs.
   */
  refresh(): void {
    const { objects, transport, member, contacts, logger } = this.#m;
    const table = membersOf(objects);
    const wasMember = this.#isMember;
    this.#isMember = table.some(({ name }) => name === member);
    if (wasMember && !this.#isMember) logger.warn("this member has left the table of members: its node follows nobody any more");
    const others = table.filter(({ name }) => name !== member);
    this.#members = new Map(others.map(({ nodeKey, name }) => [nodeKey, name]));
    this.#allowed = new Set([...this.#members.keys(), ...(this.#isMember ? [] : contacts)]);
    transport.allow(this.#allowed);
  }

  /** Throws FeatureUnknownError if the rules of the height after `height` are not known here; says so as long as it is to come. */
  checkFeatures(height: Height): void {
    const unknown = unknownFeature(this.#m.objects, this.#m.knownFeatures ?? KNOWN_FEATURES);
    if (unknown === null) return;
    const { name, height: from } = unknown;
    if (from <= height + 1)
      throw new FeatureUnknownError(
        "FEATURE_UNKNOWN",
        `the members switched on the feature "${name}" from height ${from}, which this version does not know: upgrade and start again`,
      );
    const announcement = `${name}/${from}`;
    if (announcement === this.#announced) return;
    this.#announced = announcement;
    this.#m.logger.error("the members voted for a feature that this version does not know: upgrade before its height", {
      feature: name,
      from,
    });
  }
}
