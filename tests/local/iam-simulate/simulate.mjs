// Reads simulations as JSON, one a line; writes what each ends with: Allowed, ExplicitlyDenied, ImplicitlyDenied.
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

for await (const line of createInterface({ input: process.stdin })) {
  const result = await runSimulation(JSON.parse(line), {})
  console.log(JSON.stringify(result.resultType === 'error' ? result.errors : result.overallResult))
}
