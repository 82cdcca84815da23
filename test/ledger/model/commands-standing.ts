import { filingId } from "../../../src/ledger/finance/registry.ts";
import { commitment } from "../support/alliance.ts";
import { by } from "../support/chain.ts";
import type { Firm } from "../support/firm.ts";
import { asHash, attempt, type Command, choose, onLoan, type World } from "./commands.ts";
import * as standing from "./standing.ts";

const document = commitment("document");
const DAY = 86_400_000;

/** Now and then none, else so much that it is reached. */
function limit({ draw }: World): bigint | null {
  return draw.pick([null, 1_000n, 20_000n, 50_000n, 200_000n]) ?? null;
}

/** Commands about what `standing.ts` tells of. */
export const STANDING_COMMANDS = {
  "limit.line": (world) => {
    const { model, draw, bank, lender, debtor, seller, supplier } = world;
    const lends = draw.pick([bank, bank, lender, debtor]) as Firm;
    const borrower = draw.pick([seller, supplier]) as Firm;
    const most = limit(world);
    const body = { lender: lends.id, borrower: borrower.id, currency: "CNY", limit: most };
    return attempt(world, "limit.line", body, [lends], () => standing.setLine(model, lends, borrower, most, lends !== debtor));
  },
  "limit.programme": (world) => {
    const { model, draw, bank, debtor, supplier } = world;
    const owes = draw.chance(85) ? debtor : supplier;
    const most = limit(world);
    const body = { bank: bank.id, debtor: owes.id, currency: "CNY", limit: most };
    return attempt(world, "limit.programme", body, [bank, owes], () => standing.setProgramme(model, owes, most, owes === debtor));
  },
  "consent.grant": (world) => {
    const { model, draw, bank, lender, seller, supplier } = world;
    const from = draw.pick([seller, supplier]) as Firm;
    const to = draw.pick([bank, lender, from]) as Firm;
    const untilMs = model.now + (draw.pick([DAY, 30 * DAY, -1]) as number);
    const body = { party: from.id, to: to.id, purpose: "CREDIT", document, untilMs } as const;
    return attempt(
      world,
      "consent.grant",
      body,
      [from],
      () => standing.grantConsent(model, from, to, untilMs),
      (sent) => {
        (model.standing.consents.at(-1) as standing.Consent).id = sent.created();
      },
    );
  },
  "consent.revoke": (world) => {
    const consent = choose(world.draw, world.model.standing.consents, ({ revoked }) => !revoked);
    if (consent === undefined) return null;
    return attempt(world, "consent.revoke", { consent: asHash(consent.id) }, [consent.from], () =>
      standing.revokeConsent(consent),
    );
  },
  "notice.acknowledge": (world) => {
    const { model, draw, debtor, guarantor, chain } = world;
    const notice = choose(draw, chain.all("notice"), ({ acknowledgedMs }) => acknowledgedMs === undefined);
    const reader = [debtor, guarantor].find(({ id }) => id === notice?.to);
    if (notice === undefined || reader === undefined) return null;
    return attempt(world, "notice.acknowledge", { notice: notice.id as never }, [reader], () =>
      standing.acknowledge(model, notice.id),
    );
  },
  "registry.renew": (world) =>
    onLoan(
      world,
      (loan) => standing.isFiled(loan),
      (loan) => {
        const { filing } = loan;
        if (filing === null) return null;
        const untilDay = filing.untilDay + (world.draw.pick([30, 30, 0]) as number);
        const id = filingId(commitment(filing.number));
        return attempt(
          world,
          "registry.renew",
          { filing: id, untilDay, proof: document },
          [by(filing.by, filing.by.engine)],
          () => standing.renewFiling(world.model, loan, untilDay),
        );
      },
    ),
  "party.suspend": (world) => {
    const { model, draw, platform, court, bank } = world;
    const newcomer = choose(draw, model.standing.newcomers, ({ suspendedBy }) => suspendedBy === null);
    if (newcomer === undefined) return null;
    const judge = draw.pick([platform, court, bank]) as Firm;
    const body = { party: newcomer.firm.id, by: judge.id, reason: document };
    return attempt(world, "party.suspend", body, [judge], () => standing.suspend(newcomer, judge, judge !== bank));
  },
  "party.resume": (world) => {
    const { model, draw, platform, court } = world;
    const newcomer = choose(draw, model.standing.newcomers, ({ suspendedBy }) => suspendedBy !== null);
    if (newcomer === undefined) return null;
    const judge = draw.chance(80) ? (newcomer.suspendedBy ?? platform) : (draw.pick([platform, court]) as Firm);
    const body = { party: newcomer.firm.id, by: judge.id, reason: document };
    return attempt(world, "party.resume", body, [judge], () => standing.resume(newcomer, judge));
  },
} satisfies Readonly<Record<string, Command>>;
