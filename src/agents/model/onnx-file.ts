import { FEATURES } from "../../types/score-features.ts";
import { Message } from "./protobuf.ts";
import type { StumpModel } from "./stumps.ts";

/** Names in the graph, by which a runtime feeds and reads it. */
export const INPUT_NAME = "features";
export const OUTPUT_NAME = "paysDown";

/** Of the standard operators, and of those of machine learning (`ai.onnx.ml`). */
export const OPSET = 13;
const OPSET_ML = 1;
const IR_VERSION = 8;

const FLOAT_TENSOR = 1;
/** AttributeProto.AttributeType. */
const TYPE = { int: 2, text: 3, floats: 6, ints: 7, texts: 8 } as const;

/**
 * The model as an ONNX file: one TreeEnsembleRegressor whose trees are the stumps, and a Sigmoid behind it. Field numbers are those of
 * onnx.proto3 (https://github.com/onnx/onnx); the README lists them.
 */
export function onnxFile({ base, stumps }: StumpModel): Uint8Array {
  // Each tree has three nodes: the question (0), its yes (1) and its no (2).
  const perNode = <T>(root: (at: number) => T, yes: (at: number) => T, no: (at: number) => T): readonly T[] =>
    stumps.flatMap((_, at) => [root(at), yes(at), no(at)]);
  const of = (at: number) => stumps[at] as StumpModel["stumps"][number];
  const zero = (): number => 0;
  const tree = (at: number): number => at;
  const ensemble = node("TreeEnsembleRegressor", "ai.onnx.ml", INPUT_NAME, "sum", [
    texts(
      "nodes_modes",
      perNode(
        () => "BRANCH_LT",
        () => "LEAF",
        () => "LEAF",
      ),
    ),
    ints("nodes_treeids", perNode(tree, tree, tree)),
    ints(
      "nodes_nodeids",
      perNode(
        zero,
        () => 1,
        () => 2,
      ),
    ),
    ints(
      "nodes_featureids",
      perNode((at) => of(at).feature, zero, zero),
    ),
    floats(
      "nodes_values",
      perNode((at) => of(at).threshold, zero, zero),
    ),
    ints(
      "nodes_truenodeids",
      perNode(() => 1, zero, zero),
    ),
    ints(
      "nodes_falsenodeids",
      perNode(() => 2, zero, zero),
    ),
    ints(
      "nodes_missing_value_tracks_true",
      perNode((at) => (of(at).missingIsBelow ? 1 : 0), zero, zero),
    ),
    ints(
      "target_treeids",
      stumps.flatMap((_, at) => [at, at]),
    ),
    ints(
      "target_nodeids",
      stumps.flatMap(() => [1, 2]),
    ),
    ints(
      "target_ids",
      stumps.flatMap(() => [0, 0]),
    ),
    floats(
      "target_weights",
      stumps.flatMap(({ below, otherwise }) => [below, otherwise]),
    ),
    floats("base_values", [base]),
    integer("n_targets", 1),
    text("aggregate_function", "SUM"),
    text("post_transform", "NONE"),
  ]);
  const graph = new Message()
    .message(1, ensemble)
    .message(1, node("Sigmoid", "", "sum", OUTPUT_NAME, []))
    .text(2, "tradeCredit")
    .message(11, tensorInfo(INPUT_NAME, FEATURES.length))
    .message(12, tensorInfo(OUTPUT_NAME, 1));
  return new Message()
    .int(1, IR_VERSION)
    .text(2, "zhonglian")
    .message(7, graph)
    .message(8, opset("", OPSET))
    .message(8, opset("ai.onnx.ml", OPSET_ML))
    .encode();
}

function opset(domain: string, version: number): Message {
  return new Message().text(1, domain).int(2, version);
}

function node(operator: string, domain: string, input: string, output: string, attributes: readonly Message[]): Message {
  const made = new Message().text(1, input).text(2, output).text(3, operator).text(4, operator);
  for (const attribute of attributes) made.message(5, attribute);
  return made.text(7, domain);
}

/** One row of `columns` numbers. */
function tensorInfo(name: string, columns: number): Message {
  const dimension = (size: number): Message => new Message().int(1, size);
  const shape = new Message().message(1, dimension(1)).message(1, dimension(columns));
  const tensor = new Message().int(1, FLOAT_TENSOR).message(2, shape);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function ints(name: string, values: readonly number[]): Message {
  const made = new Message().text(1, name);
  for (const value of values) made.int(8, value);
  return made.int(20, TYPE.ints);
}

function floats(name: string, values: readonly number[]): Message {
  const made = new Message().text(1, name);
  for (const value of values) made.float(7, value);
  return made.int(20, TYPE.floats);
}

function texts(name: string, values: readonly string[]): Message {
  const made = new Message().text(1, name);
  for (const value of values) made.text(9, value);
  return made.int(20, TYPE.texts);
}

function integer(name: string, value: number): Message {
  return new Message().text(1, name).int(3, value).int(20, TYPE.int);
}

function text(name: string, value: string): Message {
  return new Message().text(1, name).text(4, value).int(20, TYPE.text);
}
