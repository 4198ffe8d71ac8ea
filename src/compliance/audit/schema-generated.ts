// Whether the generated clients and the catalog are of the schemas as they stand. An image that is built has no schemas any
// more: there nothing could have changed since.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelsOf, storedColumns } from '../../database/catalog.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import type { Finding } from './finding.ts'

const ROOT = join(import.meta.dirname, '../../..')
const INLINE = /"inlineSchema": ("(?:[^"\\]|\\.)*")/

export const auditGenerated = (root: string = ROOT): readonly Finding[] =>
  DOMAINS.flatMap((domain) => aboutDomain(domain, root))

function aboutDomain(domain: Domain, root: string): readonly Finding[] {
  const inline = INLINE.exec(readFileSync(join(ROOT, `src/generated/${domain}/internal/class.ts`), 'utf8'))?.[1]
  const generated = inline === undefined ? '' : (JSON.parse(inline) as string)
  const schema = join(root, `prisma/${domain}.prisma`)
  const place = { file: `prisma/${domain}.prisma` }
  const next = 'Run "npm run setup", which generates clients and catalog anew.'
  const base = { severity: 'high', section: 'schema', code: 'schema.stale', place, count: 1, next } as const
  if (existsSync(schema) && readFileSync(schema, 'utf8').trim() !== generated.trim())
    return [{ ...base, message: 'The generated client is of another version of the schema' }]
  const columns = modelsOf(domain).flatMap((model) =>
    storedColumns(model).map((column) => `${model.name}.${column.name}`),
  )
  const differing = fieldsIn(generated).symmetricDifference(new Set(columns)).size
  if (differing === 0) return []
  return [{ ...base, count: differing, message: `The catalog differs from the schema in ${differing} column(s)` }]
}

const SCALAR = /^\s+(\w+)\s+(?:String|Int|BigInt|Boolean|DateTime|Bytes|Float|Decimal|Json)\b/

/** `User.email` of every column in a Prisma schema; fields of relations are no columns. */
function fieldsIn(schema: string): Set<string> {
  const fields = new Set<string>()
  let model: string | undefined
  for (const line of schema.split('\n')) {
    model = /^model (\w+)/.exec(line)?.[1] ?? (line.startsWith('}') ? undefined : model)
    const name = model && SCALAR.exec(line)?.[1]
    if (name) fields.add(`${model}.${name}`)
  }
  return fields
}
