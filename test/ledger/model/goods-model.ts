/**
 * Goods as plainly as they can be told: records in lists, sums by looking through them, written from the domain reference (§3) and not from the
 * ledger, of which it imports nothing. Every operation answers whether it takes effect, and if so does it.
 */

const MINUTE = 60_000;
const DAY = 86_400_000;
const THOUSAND = 1_000n;

export interface Alarm {
  id: string | null;
  zone: Zone;
  source: string;
  by: string;
  critical: boolean;
  open: boolean;
}
export interface Zone {
  id: string;
  alarms: Alarm[];
  hard: boolean;
  softUntilMs: number;
}
export interface Device {
  id: string;
  zone: Zone;
  kind: string;
  intervalMs: number;
  seq: number;
  lastMs: number;
  green: boolean;
  alarm: Alarm | null;
  /** Of the present silence, what was said. */
  said: "nothing" | "warning" | "critical";
}
export interface Lot {
  id: string;
  zone: Zone;
  quantity: number;
  attested: number;
}
export interface Receipt {
  id: string;
  lot: Lot;
  holder: string;
  quantity: number;
  requested: number;
  approved: number;
  position: "OPEN" | "RESERVED" | "PLEDGED" | "GONE";
  loan: Loan | null;
  /** Until when it waits for a lender. */
  reservedMs: number;
  /** Ever let go by whoever must, and ever out of the gate. */
  everApproved: number;
  everOut: number;
}
export interface Loan {
  id: string;
  borrower: string;
  outstanding: bigint;
  advanceBp: bigint;
  floor: bigint;
  marginMs: number | null;
}

export type Sign = "nothing" | "door" | "tampered" | "short";

export class GoodsModel {
  now = 0;
  zones: Zone[] = [];
  devices: Device[] = [];
  lots: Lot[] = [];
  receipts: Receipt[] = [];
  loans: Loan[] = [];
  alarms: Alarm[] = [];
  price: { value: bigint; timeMs: number } | null = null;

  /** What happens by itself up to the block's time. */
  tick(timeMs: number): void {
    this.now = timeMs;
    for (const receipt of this.receipts) {
      if (receipt.position === "RESERVED" && Math.ceil(receipt.reservedMs / MINUTE) * MINUTE <= timeMs) receipt.position = "OPEN";
    }
    for (const device of this.devices) {
      const silent = (intervals: number) =>
        Math.ceil((device.lastMs + intervals * device.intervalMs + 1) / MINUTE) * MINUTE <= timeMs;
      if (device.said === "nothing" && silent(2)) this.#silence(device, timeMs - device.lastMs > 6 * device.intervalMs);
      if (device.said === "warning" && silent(6)) this.#silence(device, true);
    }
  }

  attest(device: Device, seq: number, sign: Sign): boolean {
    if (seq !== device.seq + 1) return false;
    const critical = sign === "tampered" || sign === "short";
    device.seq = seq;
    device.lastMs = this.now;
    device.said = "nothing";
    device.green = sign === "nothing";
    if (device.alarm === null) {
      if (sign !== "nothing") device.alarm = this.#alarm(device.zone, device.kind, device.id, critical);
    } else if (!device.alarm.critical) {
      if (sign === "nothing") this.#close(device.alarm);
      else if (critical) this.#worsen(device.alarm);
    }
    return true;
  }

  raise(zone: Zone, by: string, critical: boolean): boolean {
    if (zone.alarms.some((alarm) => alarm.by === by)) return false;
    this.#alarm(zone, "PERSON", by, critical);
    return true;
  }

  /** By operator and lender, or by operator and inspector where no lender has a pledge in the zone. */
  clear(alarm: Alarm, signed: { readonly lender: boolean; readonly inspector: boolean }): boolean {
    if (!alarm.open) return false;
    const relied = this.receipts.some(({ lot, position }) => lot.zone === alarm.zone && position === "PLEDGED");
    if (alarm.critical && relied && !signed.lender) return false;
    if (alarm.critical && !relied && !signed.inspector) return false;
    this.#close(alarm);
    return true;
  }

  issue(lot: Lot, id: string, quantity: number, holder: string): boolean {
    if (this.frozen(lot.zone) || quantity === 0) return false;
    if (this.receipted(lot) + quantity > lot.quantity - tolerance(lot.quantity)) return false;
    const amounts = { quantity, requested: 0, approved: 0, everApproved: 0, everOut: 0 };
    this.receipts.push({ id, lot, holder, ...amounts, position: "OPEN", loan: null, reservedMs: 0 });
    return true;
  }

  transfer(receipt: Receipt, to: string): boolean {
    if (!this.free(receipt) || receipt.holder === to) return false;
    receipt.holder = to;
    return true;
  }

  apply(receipt: Receipt, amount: bigint, untilMs: number): boolean {
    if (!this.free(receipt) || !this.priced()) return false;
    if (amount > (this.value(receipt) * 7_000n) / 10_000n) return false;
    receipt.position = "RESERVED";
    receipt.reservedMs = untilMs;
    return true;
  }

  withdraw(receipt: Receipt): boolean {
    if (receipt.position !== "RESERVED") return false;
    receipt.position = "OPEN";
    return true;
  }

  /** The money went out. */
  lent(receipt: Receipt, id: string, amount: bigint): void {
    const loan: Loan = { id, borrower: receipt.holder, outstanding: amount, advanceBp: 7_000n, floor: 0n, marginMs: null };
    this.loans.push(loan);
    receipt.position = "PLEDGED";
    receipt.loan = loan;
  }

  repay(loan: Loan, amount: bigint): boolean {
    if (loan.outstanding === 0n || amount > loan.outstanding) return false;
    loan.outstanding -= amount;
    if (loan.outstanding === 0n) {
      for (const receipt of this.of(loan)) this.#release(receipt);
      loan.marginMs = null;
    } else this.#settle(loan);
    return true;
  }

  request(receipt: Receipt, quantity: number): boolean {
    if (this.frozen(receipt.lot.zone) || receipt.position === "RESERVED" || receipt.position === "GONE") return false;
    if (receipt.position === "OPEN") {
      if (quantity > receipt.quantity) return false;
      receipt.everApproved += quantity - receipt.approved;
      receipt.approved = quantity;
      return true;
    }
    if (receipt.approved + quantity > receipt.quantity) return false;
    const loan = receipt.loan as Loan;
    const stays = this.worth(loan) - this.#times(quantity);
    if (loan.floor > 0n && this.priced() && stays >= loan.floor) {
      receipt.approved += quantity;
      receipt.everApproved += quantity;
      receipt.requested = 0;
    } else receipt.requested = quantity;
    return true;
  }

  approve(receipt: Receipt, quantity: number): boolean {
    const { loan } = receipt;
    if (loan === null || receipt.position !== "PLEDGED" || quantity > receipt.requested) return false;
    if (this.frozen(receipt.lot.zone) || !this.priced()) return false;
    const cover = (this.worth(loan) * loan.advanceBp) / 10_000n - (this.#times(quantity) * loan.advanceBp) / 10_000n;
    if (loan.outstanding > cover) return false;
    receipt.approved += quantity;
    receipt.everApproved += quantity;
    receipt.requested -= quantity;
    return true;
  }

  gateOut(receipt: Receipt, quantity: number): boolean {
    if (receipt.position !== "OPEN" && receipt.position !== "PLEDGED") return false;
    if (quantity === 0 || quantity > receipt.approved || this.frozen(receipt.lot.zone)) return false;
    receipt.approved -= quantity;
    receipt.quantity -= quantity;
    receipt.everOut += quantity;
    receipt.lot.quantity -= quantity;
    if (receipt.quantity === 0) {
      receipt.position = "GONE";
      receipt.requested = 0;
      receipt.loan = null;
    }
    if (this.receipted(receipt.lot) === 0 && receipt.lot.quantity <= tolerance(receipt.lot.attested)) receipt.lot.quantity = 0;
    return true;
  }

  /** `watch` watches the zone of the new one. */
  join(loan: Loan, receipt: Receipt, watch: Device): boolean {
    const mayJoin = loan.outstanding > 0n && this.free(receipt) && receipt.holder === loan.borrower;
    if (!mayJoin || !this.watched(receipt.lot.zone, watch)) return false;
    receipt.position = "PLEDGED";
    receipt.loan = loan;
    this.#settle(loan);
    return true;
  }

  substitute(loan: Loan, old: Receipt, receipt: Receipt, watch: Device): boolean {
    const mayJoin = loan.outstanding > 0n && this.free(receipt) && receipt.holder === loan.borrower;
    if (!mayJoin || !this.watched(receipt.lot.zone, watch) || old.loan !== loan || !this.priced()) return false;
    if (this.#times(receipt.quantity) < this.#times(old.quantity)) return false;
    receipt.position = "PLEDGED";
    receipt.loan = loan;
    this.#release(old);
    return true;
  }

  setFloor(loan: Loan, floor: bigint): boolean {
    if (loan.outstanding === 0n || this.of(loan).length === 0) return false;
    if (floor > 0n && loan.outstanding > (floor * 8_000n) / 10_000n) return false;
    loan.floor = floor;
    return true;
  }

  quote(value: bigint): boolean {
    if (this.price !== null) {
      const step = value > this.price.value ? value - this.price.value : this.price.value - value;
      if (this.now <= this.price.timeMs || step > (this.price.value * 2_000n) / 10_000n) return false;
    }
    this.price = { value, timeMs: this.now };
    return true;
  }

  call(loan: Loan): boolean {
    if (loan.outstanding === 0n || this.of(loan).length === 0 || !this.priced()) return false;
    if (loan.marginMs !== null && this.now <= loan.marginMs + 30 * DAY) return false;
    if (!this.#isShort(loan)) return false;
    loan.marginMs = this.now + 3 * DAY;
    return true;
  }

  liquidate(loan: Loan, receipt: Receipt, buyer: string, amount: bigint): boolean {
    if (loan.outstanding === 0n || receipt.loan !== loan || this.frozen(receipt.lot.zone) || !this.priced()) return false;
    const { marginMs } = loan;
    if (marginMs === null || this.now <= marginMs || this.now > marginMs + 30 * DAY || !this.#isShort(loan)) return false;
    if (amount < (this.#times(receipt.quantity) * 9_000n) / 10_000n) return false;
    this.#release(receipt);
    receipt.holder = buyer;
    receipt.everApproved -= receipt.approved;
    receipt.approved = 0;
    loan.outstanding -= amount < loan.outstanding ? amount : loan.outstanding;
    if (loan.outstanding === 0n) {
      for (const each of this.of(loan)) this.#release(each);
      loan.marginMs = null;
    } else this.#settle(loan);
    return true;
  }

  of(loan: Loan): readonly Receipt[] {
    return this.receipts.filter((receipt) => receipt.loan === loan);
  }

  frozen(zone: Zone): boolean {
    return zone.hard || this.now < zone.softUntilMs;
  }

  free({ position, requested, approved, lot }: Receipt): boolean {
    return position === "OPEN" && requested === 0 && approved === 0 && !this.frozen(lot.zone);
  }

  priced(): boolean {
    return this.price !== null && this.now - this.price.timeMs <= 3 * DAY;
  }

  receipted(lot: Lot): number {
    return this.receipts.filter((receipt) => receipt.lot === lot).reduce((sum, { quantity }) => sum + quantity, 0);
  }

  value({ quantity, approved }: Receipt): bigint {
    return this.#times(quantity - approved);
  }

  worth(loan: Loan): bigint {
    return this.of(loan).reduce((sum, receipt) => sum + this.value(receipt), 0n);
  }

  watched(zone: Zone, device: Device): boolean {
    const heard = device.seq > 0 && this.now - device.lastMs <= 2 * device.intervalMs;
    return zone.alarms.length === 0 && device.zone === zone && heard && device.green;
  }

  #times(quantity: number): bigint {
    return (BigInt(quantity) * (this.price?.value ?? 0n)) / THOUSAND;
  }

  #isShort(loan: Loan): boolean {
    return loan.outstanding > (this.worth(loan) * 8_000n) / 10_000n;
  }

  #settle(loan: Loan): void {
    if (this.of(loan).length === 0 || !this.#isShort(loan)) loan.marginMs = null;
  }

  #release(receipt: Receipt): void {
    receipt.position = "OPEN";
    receipt.loan = null;
    receipt.requested = 0;
  }

  #silence(device: Device, critical: boolean): void {
    device.said = critical ? "critical" : "warning";
    if (device.alarm === null) {
      device.alarm = this.#alarm(device.zone, device.kind, device.id, critical);
      device.green = false;
    } else if (critical && !device.alarm.critical) {
      this.#worsen(device.alarm);
      device.green = false;
    }
  }

  #alarm(zone: Zone, source: string, by: string, critical: boolean): Alarm {
    const alarm: Alarm = { id: null, zone, source, by, critical: false, open: true };
    zone.alarms.push(alarm);
    this.alarms.push(alarm);
    if (critical) this.#worsen(alarm);
    return alarm;
  }

  #worsen(alarm: Alarm): void {
    const { zone, source } = alarm;
    alarm.critical = true;
    if (zone.hard) return;
    if (zone.alarms.some((other) => other.critical && other.source !== source)) zone.hard = true;
    else zone.softUntilMs = this.now + DAY;
  }

  #close(alarm: Alarm): void {
    const { zone } = alarm;
    alarm.open = false;
    zone.alarms = zone.alarms.filter((other) => other !== alarm);
    for (const device of this.devices) if (device.alarm === alarm) device.alarm = null;
    if (zone.alarms.some(({ critical }) => critical)) return;
    zone.hard = false;
    zone.softUntilMs = 0;
  }
}

/** Half a percent. */
function tolerance(quantity: number): number {
  return Math.floor((quantity * 50) / 10_000);
}
