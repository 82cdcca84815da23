import { nodeKeyOfText } from "../adapters/libp2p-identity.ts";
import type { PublicKey } from "../types/scalars.ts";
import { SettingsError } from "./settings.ts";

const PEER = "/p2p/";

/** Where a node may be found: by the name of its member, or by its own key, where an address ends in its peer id (`…/p2p/12D3Koo…`). */
export class AddressBook {
  readonly #byName = new Map<string, readonly string[]>();
  readonly #byKey = new Map<PublicKey, readonly string[]>();

  /** Throws SettingsError for a peer id that is none. */
  constructor(addresses: Readonly<Record<string, readonly string[]>>) {
    for (const [name, list] of Object.entries(addresses)) {
      this.#byName.set(name, list.map(withoutPeer));
      for (const address of list) {
        const at = address.indexOf(PEER);
        if (at < 0) continue;
        const key = nodeKeyOfText(address.slice(at + PEER.length));
        if (key === undefined)
          throw new SettingsError("ADDRESSES_INVALID", `${address}: what follows ${PEER} is no Ed25519 peer id`);
        this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), withoutPeer(address)]);
      }
    }
  }

  /** Node keys that are named in the addresses themselves. */
  get contacts(): ReadonlySet<PublicKey> {
    return new Set(this.#byKey.keys());
  }

  /** `member`: whose node it is by the member table, if anybody's. */
  of(peer: PublicKey, member: string | undefined): readonly string[] | undefined {
    return (member === undefined ? undefined : this.#byName.get(member)) ?? this.#byKey.get(peer);
  }
}

function withoutPeer(address: string): string {
  const at = address.indexOf(PEER);
  return at < 0 ? address : address.slice(0, at);
}
