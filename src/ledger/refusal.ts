import type { Hash } from "../types/scalars.ts";
import type { Book } from "./book.ts";
import { type Fact, LedgerRejection } from "./codes.ts";
import { KINDS, type Kind } from "./kinds.ts";
import type { Situation } from "./transition.ts";

/** Why a transaction had no effect, beside the code in its receipt: which of its operations was refused, and on which facts. */
export interface LedgerRefusal {
  readonly operation: number;
  readonly kind: string;
  readonly facts: readonly Fact[];
}

const FACTS_MAX = 24;
const VALUE_CHARS_MAX = 200;
const FIELDS_OF_SITUATION = ["height", "timeMs", "day"] as const;

/**
 * Applies a rule. If it refuses, applies it once more and watches what it looks at: a rule reads and changes nothing, so it looks at the
 * same again, and what it looked at is what decided; the last fact decided last. So no rule has to say what it is about, and none
 * can forget to. Facts explain a refusal to people and agents; they are not of the receipt, and so not of consensus.
 */
export function explained<S extends Situation, T>(rule: (situation: S) => T, situation: S): T {
  try {
    return rule(situation);
  } catch (error) {
    if (!(error instanceof LedgerRejection) || error.facts.length > 0) throw error;
    throw new LedgerRejection(error.code, factsSeenBy(rule, situation, error.code));
  }
}

function factsSeenBy<S extends Situation>(rule: (situation: S) => unknown, situation: S, code: string): readonly Fact[] {
  const seen = new Map<string, Fact>();
  const look = (of: string, id: Hash | null, field: string, value: unknown): void => {
    const name = `${of}/${id}/${field}`;
    seen.delete(name);
    seen.set(name, { of, id, field, value: textOf(value) });
  };
  try {
    rule(watched(situation, look));
  } catch (error) {
    if (error instanceof LedgerRejection && error.code === code) return [...seen.values()].slice(-FACTS_MAX);
  }
  return [];
}

type Look = (of: string, id: Hash | null, field: string, value: unknown) => void;

/** The same situation, which tells what is read of it. */
function watched<S extends Situation>(situation: S, look: Look): S {
  const seen = Object.assign({} as Record<string, unknown>, situation, { book: watchedBook(situation.book, look) });
  for (const name of ["body", "params", "business"]) {
    if (name in seen)
      (seen as Record<string, unknown>)[name] = watchedValue((seen as Record<string, unknown>)[name], "", (field, value) =>
        look(name, null, field, value),
      );
  }
  for (const name of FIELDS_OF_SITUATION) {
    const value = situation[name];
    Object.defineProperty(seen, name, {
      get: () => {
        look("block", null, name, value);
        return value;
      },
      enumerable: true,
    });
  }
  return seen as unknown as S;
}

function watchedBook(book: Book, look: Look): Book {
  const find = (kind: Kind, id: Hash): unknown => {
    const object = book.find(kind, id);
    look(kind, id, "", object === undefined ? "absent" : "there");
    // What no list shows no refusal shows either: of whose invoice the fingerprint is that stands in the way.
    if (!KINDS[kind].public) return object;
    return watchedValue(object, "", (field, value) => look(kind, id, field, value));
  };
  return new Proxy(book, {
    get: (target, name) => {
      if (name === "find") return find;
      if (name === "get") {
        return (kind: Kind, id: Hash) => {
          // Refuses by itself if there is none.
          const object = find(kind, id);
          return object === undefined ? target.get(kind, id) : object;
        };
      }
      const member = Reflect.get(target, name, target) as unknown;
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}

/** An object whose fields tell when they are read; a list of plain values is one fact. */
function watchedValue(value: unknown, path: string, look: (field: string, value: unknown) => void): unknown {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return new Proxy(value, {
    get: (target, name, receiver) => {
      const found = Reflect.get(target, name, receiver) as unknown;
      if (typeof name === "symbol" || typeof found === "function") return found;
      const isInner = typeof found === "object" && found !== null && !isPlainList(found) && !(found instanceof Uint8Array);
      if (!isInner) look(path + name, found);
      return isInner ? watchedValue(found, `${path}${name}.`, look) : found;
    },
  });
}

function isPlainList(value: object): boolean {
  return Array.isArray(value) && value.every((item) => typeof item !== "object");
}

function textOf(value: unknown): string {
  if (value === undefined) return "none";
  const text = Array.isArray(value) ? value.map(String).join(", ") : String(value);
  return text.length <= VALUE_CHARS_MAX ? text : `${text.slice(0, VALUE_CHARS_MAX)}…`;
}
