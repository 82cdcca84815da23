/** JSON-RPC 2.0 error numbers (interfaces: −32005 limits, −32003 a refused transaction). */
export const RPC_NUMBERS = {
  parse: -32700,
  request: -32600,
  method: -32601,
  params: -32602,
  internal: -32603,
  refused: -32003,
  limit: -32005,
  notFound: -32004,
} as const;

/** An answer to the caller, not a fault of this node: number, stable upper-case code, sentence. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly number: number;
  readonly code: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(kind: keyof typeof RPC_NUMBERS, code: string, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.number = RPC_NUMBERS[kind];
    this.code = code;
    this.data = data;
  }

  toJson(): { readonly code: number; readonly message: string; readonly data: Readonly<Record<string, unknown>> } {
    return { code: this.number, message: this.message, data: { ...this.data, code: this.code } };
  }
}
