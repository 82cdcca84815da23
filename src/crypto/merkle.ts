import { assert } from "../lib/assert.ts";
import { equalBytes } from "../lib/bytes.ts";
import { type Sha256, sha256 } from "./hash.ts";

/** RFC 9162 §2.1: leaf hash SHA-256(0x00 ‖ data), node hash SHA-256(0x01 ‖ left ‖ right), empty tree SHA-256(""). */
function leafHash(data: Uint8Array, digest: Sha256): Uint8Array {
  const preimage = data.length < scratch.length ? scratch.subarray(0, 1 + data.length) : new Uint8Array(1 + data.length);
  preimage[0] = 0;
  preimage.set(data, 1);
  return digest(preimage);
}

/** Every digest is finished when it returns, so short preimages share one buffer. */
const scratch = new Uint8Array(1024);

function nodeHash(left: Uint8Array, right: Uint8Array, digest: Sha256): Uint8Array {
  const preimage = scratch.subarray(0, 65);
  preimage[0] = 1;
  preimage.set(left, 1);
  preimage.set(right, 33);
  return digest(preimage);
}

/** The Merkle Tree Hash of RFC 9162 §2.1.1 over the leaves' data, 32 bytes. */
export function merkleRoot(leaves: readonly Uint8Array[], digest: Sha256 = sha256): Uint8Array {
  if (leaves.length === 0) return digest(new Uint8Array(0));
  // Complete subtrees of growing size, as a binary counter: folding them from the right gives the RFC's split at the largest power of two.
  const stack: { readonly hash: Uint8Array; readonly size: number }[] = [];
  for (const leaf of leaves) {
    let top = { hash: leafHash(leaf, digest), size: 1 };
    for (let last = stack.at(-1); last !== undefined && last.size === top.size; last = stack.at(-1)) {
      stack.pop();
      top = { hash: nodeHash(last.hash, top.hash, digest), size: 2 * top.size };
    }
    stack.push(top);
  }
  let root = (stack.pop() as { hash: Uint8Array }).hash;
  for (let last = stack.pop(); last !== undefined; last = stack.pop()) root = nodeHash(last.hash, root, digest);
  return root;
}

/** The audit path of RFC 9162 §2.1.3.1 for the leaf at `index`. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number, digest: Sha256 = sha256): readonly Uint8Array[] {
  assert(index >= 0 && index < leaves.length, "the leaf is in the tree");
  if (leaves.length === 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return index < split
    ? [...inclusionProof(leaves.slice(0, split), index, digest), merkleRoot(leaves.slice(split), digest)]
    : [...inclusionProof(leaves.slice(split), index - split, digest), merkleRoot(leaves.slice(0, split), digest)];
}

/** RFC 9162 §2.1.3.2: whether `leaf` is at `index` of a tree of `size` leaves with this root. */
export function verifyInclusion(
  claim: { readonly root: Uint8Array; readonly size: number; readonly index: number; readonly leaf: Uint8Array },
  path: readonly Uint8Array[],
  digest: Sha256 = sha256,
): boolean {
  if (!Number.isSafeInteger(claim.index) || claim.index < 0 || claim.index >= claim.size) return false;
  let first = claim.index;
  let last = claim.size - 1;
  let hash = leafHash(claim.leaf, digest);
  for (const sibling of path) {
    if (sibling.length !== 32 || last === 0) return false;
    if (first % 2 === 1 || first === last) {
      hash = nodeHash(sibling, hash, digest);
      while (first % 2 === 0 && first !== 0) {
        first = Math.floor(first / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling, digest);
    }
    first = Math.floor(first / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && equalBytes(hash, claim.root);
}
