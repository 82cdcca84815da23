import type { Fault } from "./fault.ts";
import { Namespaces } from "./namespaces.ts";
import { resumes, standsFor } from "./outages.ts";
import { sleep } from "./until.ts";

const PROXIED = { proxied: true };
const NAMESPACES = { namespaces: true };

export const PARTITIONS: readonly Fault[] = [
  {
    name: "partition-two-two",
    does: "for a while neither half of the authorities hears the other; nothing says that the links are cut",
    holds: "neither half decides anything; after healing the chain resumes by itself",
    field: PROXIED,
    run: async (field) => {
      const [a, b, c, d] = field.authorities as [string, string, string, string];
      field.links.partition([a, b], [c, d, field.follower]);
      await standsFor(field);
      field.links.heal();
      await resumes(field, []);
    },
  },
  {
    name: "partition-three-one",
    does: "one authority is cut off for a while",
    holds: "the three go on without it; after healing it catches up",
    field: PROXIED,
    run: async (field) => {
      const [alone, ...others] = field.authorities as [string, ...string[]];
      field.links.partition([alone], [...others, field.follower]);
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.links.heal();
      await field.rejoined(alone);
    },
  },
  {
    name: "partition-asymmetric",
    does: "for a while one authority hears all and nobody hears it",
    holds: "the others go on; it learns of their blocks or catches up after healing",
    field: PROXIED,
    run: async (field) => {
      const [mute, ...others] = field.authorities as [string, ...string[]];
      for (const other of [...others, field.follower]) field.links.cut(mute, other);
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.links.heal();
      await field.rejoined(mute);
    },
  },
  {
    name: "partition-flapping",
    does: "every second another authority is cut off, twelve times",
    holds: "the chain moves on, at the latest when it is over",
    field: PROXIED,
    run: async (field) => {
      for (let turn = 0; turn < 12; turn++) {
        const alone = field.authorities[turn % field.authorities.length] as string;
        field.links.partition(
          [alone],
          field.members.filter((id) => id !== alone),
        );
        await sleep(1_000);
        field.links.heal();
      }
      await field.load.progress(10);
    },
  },
  {
    name: "slow-links",
    does: "150 ms delay on every link of one authority, in both directions, for a while",
    holds: "the others go on at once; it stays with them",
    field: PROXIED,
    run: async (field) => {
      const [slow] = field.authorities as [string];
      field.links.delay(slow, 150);
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.links.heal();
    },
  },
  {
    name: "namespaces-two-two",
    does: "each node has a network namespace; for a while packets between the halves are lost",
    holds: "neither half decides anything; after healing the chain resumes by itself",
    field: NAMESPACES,
    obstacle: Namespaces.obstacle,
    run: async (field) => {
      field.namespaces.split(field.authorities.slice(0, 2));
      await standsFor(field);
      field.namespaces.heal();
      await resumes(field, []);
    },
  },
  {
    name: "namespaces-three-one",
    does: "each node has a network namespace; for a while packets from and to one authority are lost",
    holds: "the three go on without it; after healing it catches up",
    field: NAMESPACES,
    obstacle: Namespaces.obstacle,
    run: async (field) => {
      const [alone] = field.authorities as [string];
      field.namespaces.split([alone]);
      await field.load.progress(10);
      await field.outage();
      await field.load.progress(10);
      field.namespaces.heal();
      await field.rejoined(alone);
    },
  },
];
