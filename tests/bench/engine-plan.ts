// Measures one of the plans of engine.ts, by its number, and prints the section as JSON.
import { measurePlan, PLANS } from './engine';

async function measure(plan: (typeof PLANS)[number] | undefined): Promise<void> {
  if (plan === undefined) throw new Error(`Give the number of a plan, from 0 to ${PLANS.length - 1}.`);
  const section = JSON.stringify(await measurePlan(plan));
  // The runtime's threads would keep the process.
  process.stdout.write(section, () => process.exit(0));
}

void measure(PLANS[Number(process.argv[2])]);
