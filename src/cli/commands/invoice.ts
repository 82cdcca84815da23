import { Command } from "commander";
import { readInvoiceFile } from "../../gateways/read-invoice.ts";
import { print } from "../output.ts";
import { SettingsError } from "../settings.ts";

export function invoiceCommand(done: (status: number) => void): Command {
  const invoice = new Command("invoice").description("read e-invoices");
  invoice
    .command("import <files...>")
    .description(
      "read e-invoice files (数电票, UBL 2.1, CII), check them, and print what they say; exit status 1 if one is refused",
    )
    .option("--json", "print JSON")
    .action((files: string[], { json }: { json?: boolean }) => {
      const results = files.map((file) => {
        const result = read(file);
        if (!result.ok) return { file, refused: result.error.code, reason: result.error.message };
        const { total, tax, ...rest } = result.value;
        return { file, ...rest, total: total.toString(), tax: tax.toString() };
      });
      print(results, json === true);
      done(results.some((result) => "refused" in result) ? 1 : 0);
    });
  return invoice;
}

function read(file: string): ReturnType<typeof readInvoiceFile> {
  try {
    return readInvoiceFile(file);
  } catch (error) {
    throw new SettingsError("FILE_UNREADABLE", `cannot read ${file}: ${(error as Error).message}`);
  }
}
