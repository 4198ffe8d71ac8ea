// Prints what metrics tell of billing's backups under the folder that the first argument names.
import { readPolicies } from '../../../../src/ops/backup/policy.ts'
import { backupFigures } from '../../../../src/ops/metrics/backup-figures.ts'

const read = backupFigures(readPolicies({ dataDir: process.argv[2] ?? '' }), () => new Date())
const figures = await read()
process.stdout.write(JSON.stringify(figures.find(({ domain }) => domain === 'billing')))
