import type { Hash } from "../../types/scalars.ts";
import type { ObjectOf } from "../objects.ts";
import type { Situation } from "../transition.ts";
import { applicationDue } from "./application.ts";

/** An offer or application on the note ends, since it has no future: a payment, a dispute or a freeze comes before it. */
export function endWaiting(situation: Situation, note: ObjectOf<"note">): ObjectOf<"note"> {
  const { book } = situation;
  if (note.position === "OFFERED") {
    book.update("offer", book.get("offer", note.ref as Hash), { status: "EXPIRED" });
    return book.update("note", note, { position: "OPEN", ref: null });
  }
  if (note.position === "RESERVED") {
    const application = book.get("application", note.ref as Hash);
    applicationDue({ ...situation, timeMs: application.expiresMs }, application);
  }
  return book.get("note", note.id);
}
