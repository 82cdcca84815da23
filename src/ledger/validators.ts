import type { ObjectView } from "../state/view.ts";
import type { ChainParams } from "../types/genesis.ts";
import type { Height, MemberId, PublicKey } from "../types/scalars.ts";
import type { ValidatorSet } from "../types/validator-set.ts";
import { activeAt } from "./governance/turns.ts";
import { MEMBERS_ID, memberObjectId, PARAM_ID, TURNS_ID } from "./ids.ts";
import type { ObjectOf } from "./objects.ts";

export interface MemberEntry {
  readonly name: MemberId;
  readonly nodeKey: PublicKey;
  readonly authorityKey?: PublicKey;
}

/** All members, in member order. */
export function membersOf(view: ObjectView): readonly ObjectOf<"member">[] {
  const { names } = view.get("members", MEMBERS_ID) as ObjectOf<"members">;
  return names.map((name) => view.get("member", memberObjectId(name)) as ObjectOf<"member">);
}

/** The authorities of the next height, in member order. */
export function validatorsOf(view: ObjectView): ValidatorSet {
  return membersOf(view).flatMap(({ name, authorityKey }) =>
    authorityKey === undefined ? [] : [{ member: name, key: authorityKey }],
  );
}

/** Positions in that set which take turns at `height`; empty if all rest. */
export function activePositions(view: ObjectView, height: Height): readonly number[] {
  return activeAt(view.get("turns", TURNS_ID) as ObjectOf<"turns">, height);
}

export function paramsOf(view: ObjectView): ChainParams {
  return (view.get("param", PARAM_ID) as ObjectOf<"param">).values;
}
