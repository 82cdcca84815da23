import { Command, Option } from "commander";
import { privateKeyObject, signNative } from "../../adapters/ed25519-native.ts";
import { openKeystore } from "../../adapters/keystore.ts";
import type { TxOutcome } from "../../client/client.ts";
import { GovernanceClient } from "../../client/governance.ts";
import { objectId } from "../../client/object-id.ts";
import type { SigningKey } from "../../client/transaction-builder.ts";
import { SchemaError } from "../../codec/schema.ts";
import { type Code, codeMessage } from "../../ledger/codes.ts";
import { type Change, changeSchema } from "../../ledger/governance/change.ts";
import { PROPOSAL_STATUSES } from "../../ledger/governance/objects.ts";
import { LIMITS } from "../../types/limits.ts";
import type { Hash, MemberId } from "../../types/scalars.ts";
import { readJsonFile, readPassphrase } from "../node-files.ts";
import { integer } from "../options.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";
import { clientOf, type RpcOptions, withRpc } from "./ledger.ts";

interface MemberOptions extends RpcOptions {
  readonly member: string;
}

interface SignOptions extends MemberOptions {
  readonly keystore: readonly string[];
  readonly passphraseFile: string;
}

/** The members' agreement on the chain: what a change would do, proposals, votes, readiness. Exit status 0 only for what took effect. */
export function governanceCommand(done: (status: number) => void): Command {
  const governance = new Command("governance").description("propose, vote, and see beforehand what a change would do");
  const finish = (outcome: TxOutcome, options: RpcOptions, more: object = {}): void => {
    print({ ...more, ...outcome }, options.json === true);
    done(outcome.status === "committed" ? 0 : 1);
  };
  withRpc(
    governance
      .command("list")
      .description("proposals, by default those that are open")
      .addOption(new Option("--status <status>", "proposals of this status").choices(PROPOSAL_STATUSES).default("OPEN")),
  ).action(async (options: RpcOptions & { status: string }) => {
    print(await clientOf(options).ledgerAll("proposal", { status: options.status }), options.json === true);
  });
  withRpc(
    withMember(
      governance
        .command("dry-run [change]")
        .description("what a change (a JSON file) or a vote for a proposal would do now; needs no key and changes nothing")
        .option("--proposal <id>", "a proposal that is there, instead of a file"),
    ),
  ).action(async (file: string | undefined, options: MemberOptions & { proposal?: string }) => {
    if ((file === undefined) === (options.proposal === undefined))
      throw new SettingsError("FLAG_WRONG", "expected either a file with a change or --proposal");
    const client = clientOf(options);
    const own = new GovernanceClient(client, options.member as MemberId);
    const until = (await client.status()).clockMs + LIMITS.dayMs;
    const operation = file === undefined ? own.vote(options.proposal as Hash, true) : own.proposal(readChange(file), until);
    const { code, message, prospect } = await own.dryRun(operation);
    // Of what is refused, or would be when the last vote falls, the reason in words.
    const obstacle = (prospect?.obstacle ?? "") as Code | "";
    const reason = code !== "OK" ? { message } : obstacle !== "" ? { message: codeMessage(obstacle) } : {};
    print({ code, ...reason, ...prospect }, options.json === true);
    done(code === "OK" && prospect?.obstacle === "" ? 0 : 1);
  });
  withRpc(
    withKeys(
      governance
        .command("propose <change>")
        .description('propose a change, a JSON file such as {"kind": "addAuthority", "member": …, "authorityKey": …}')
        .option("--days <count>", "open to votes for so long", integer(1, LIMITS.proposalDaysMax), 14)
        .option("--document <hash>", "hash of the document behind it")
        .option("--vote", "vote for it in the same transaction"),
    ),
  ).action(async (file: string, options: SignOptions & { days: number; document?: string; vote?: boolean }) => {
    const client = clientOf(options);
    const own = new GovernanceClient(client, options.member as MemberId);
    const { clockMs } = await client.status();
    const proposal = own.proposal(readChange(file), clockMs + options.days * LIMITS.dayMs, options.document as Hash | undefined);
    const keys = await keysOf(own, options);
    const outcome = await own.send([proposal], keys);
    const id = objectId(outcome.id, 0, 0);
    if (outcome.status !== "committed" || options.vote !== true) return finish(outcome, options, { proposal: id });
    return finish(await own.send([own.vote(id, true)], keys), options, { proposal: id });
  });
  withRpc(
    withKeys(
      governance.command("vote <proposal>").description("vote for a proposal").option("--against", "vote against it instead"),
    ),
  ).action(async (proposal: string, options: SignOptions & { against?: boolean }) => {
    const own = new GovernanceClient(clientOf(options), options.member as MemberId);
    finish(await own.send([own.vote(proposal as Hash, options.against !== true)], await keysOf(own, options)), options);
  });
  withRpc(withKeys(governance.command("withdraw <proposal>").description("take an own proposal back"))).action(
    async (proposal: string, options: SignOptions) => {
      const own = new GovernanceClient(clientOf(options), options.member as MemberId);
      finish(await own.send([own.withdrawal(proposal as Hash)], await keysOf(own, options)), options);
    },
  );
  withRpc(
    withKeys(
      governance
        .command("ready")
        .description("show that the node asked has caught up and runs with this authority key: ask your own node")
        .requiredOption("--authority-keystore <file>", "the consensus key, present or future"),
    ),
  ).action(async (options: SignOptions & { authorityKeystore: string }) => {
    const own = new GovernanceClient(clientOf(options), options.member as MemberId);
    const party = await own.party();
    const authority = await openKey(options.authorityKeystore, options.passphraseFile, party);
    const keys = [...(await keysOf(own, options)), authority];
    finish(await own.send([await own.readiness(authority.publicKey)], keys), options);
  });
  return governance;
}

function withMember(command: Command): Command {
  return command.requiredOption("--member <name>", "which member acts");
}

function withKeys(command: Command): Command {
  return withMember(command)
    .requiredOption("--keystore <file...>", "keys of the member's party, as many as its policy asks for")
    .requiredOption("--passphrase-file <file>", "their passphrase");
}

async function keysOf(own: GovernanceClient, { keystore, passphraseFile }: SignOptions): Promise<readonly SigningKey[]> {
  const party = await own.party();
  return Promise.all(keystore.map((file) => openKey(file, passphraseFile, party)));
}

async function openKey(file: string, passphraseFile: string, party: Hash): Promise<SigningKey> {
  const { publicKey, seed } = await openKeystore(file, readPassphrase(passphraseFile));
  const privateKey = privateKeyObject(seed);
  return { party, publicKey, sign: (message) => signNative(privateKey, message) };
}

function readChange(file: string): Change {
  try {
    return changeSchema.fromJson(readJsonFile(file), "change");
  } catch (error) {
    if (error instanceof SchemaError) throw new SettingsError(error.code, error.message);
    throw error;
  }
}
