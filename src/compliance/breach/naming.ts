// Whether somebody can be named from a file alone. identity.db: yes, and how many. The others: every value is looked at by all
// detectors and compared with everything that identity.db knows of people, and what is found is counted.
import { modelsOf, quote } from '../../database/catalog.ts'
import type { Connection } from '../../database/connections.ts'
import type { Domain } from '../../database/domains.ts'
import type { Finding } from '../audit/finding.ts'
import { readKnown } from '../audit/values/known.ts'
import { scanFile } from '../audit/values/scan-file.ts'

export interface Naming {
  /** Whether anybody can be named from this file alone. */
  readonly canName: boolean
  /** Values that name or reach somebody. */
  readonly values: number
  /** Of these, values that identity.db knows as somebody's. */
  readonly knownValues: number
  readonly rowsLookedAt: number
  /** Where they are; never a value. */
  readonly findings: readonly Finding[]
  /** What somebody needs beside the file to name a person. */
  readonly needed: string
}

export function namingOf(domain: Domain, readers: Readonly<Record<Domain, Connection>>): Naming {
  if (domain === 'identity') return identityNaming(readers.identity)
  const all = scanFile({
    domain,
    connection: readers[domain],
    known: readKnown(readers.identity),
    onProgress: undefined,
  })
  const findings = all.filter(({ severity }) => severity !== 'info')
  const sum = (some: readonly Finding[]) => some.reduce((total, { count }) => total + count, 0)
  return {
    canName: findings.length > 0,
    values: sum(findings),
    knownValues: sum(
      findings.filter(
        ({ message }) =>
          message.includes('identity.db knows whose') || message.includes('a name or number of a person'),
      ),
    ),
    rowsLookedAt: all.find(({ code }) => code === 'values.scope')?.count ?? 0,
    findings,
    needed: NEEDED[domain],
  }
}

const NEEDED = {
  billing:
    'identity.db, which alone says whose a subject id is; or PayFast, which knows who paid by pfPaymentId and token; or knowledge of one’s own, such as the time and amount of somebody’s payment.',
  admin:
    'identity.db, which alone says whose a subject id is; or knowledge of one’s own, such as who redeemed a certain voucher and when.',
} as const

function identityNaming(identity: Connection): Naming {
  const counts = modelsOf('identity').flatMap(({ name, columns }) =>
    columns
      .filter((column) => column.class === 'pii')
      .map(
        (column) =>
          identity
            .prepare<[], number>(`select count(${quote(column.name)}) from ${quote(name)}`)
            .pluck()
            .get() ?? 0,
      ),
  )
  const rows = modelsOf('identity').map(
    ({ name }) =>
      identity
        .prepare<[], number>(`select count(*) from ${quote(name)}`)
        .pluck()
        .get() ?? 0,
  )
  const values = counts.reduce((sum, count) => sum + count, 0)
  return {
    canName: values > 0,
    ...{ values, knownValues: values, rowsLookedAt: rows.reduce((sum, count) => sum + count, 0), findings: [] },
    needed: 'Nothing: addresses name people.',
  }
}
