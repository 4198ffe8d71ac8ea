// The limit of what SQL alone can do: the three files attached to one connection, one statement, JSON aggregation.
// The service never does this at run time: such a connection sees every file.
import Database from 'better-sqlite3'
import { type CatalogModel, modelNamed, quote } from '../../../src/database/catalog.ts'
import { DOMAINS, type Domain } from '../../../src/database/domains.ts'

export interface Attached {
  /** Page of 50 users after `start`, with subscription, payments and vouchers, as objects. */
  page(start: string): unknown[]
  close(): void
}

export function openAttached(paths: Readonly<Record<Domain, string>>): Attached {
  const one = new Database(paths.identity, { readonly: true })
  for (const domain of DOMAINS) if (domain !== 'identity') one.prepare(`attach ? as ${domain}`).run(paths[domain])
  for (const schema of ['main', 'billing', 'admin']) {
    one.pragma(`${schema}.cache_size = -32768`)
    one.pragma(`${schema}.mmap_size = ${1 << 30}`)
  }
  const many = (domain: Domain, table: string, alias: string) =>
    `(select json_group_array(${object(modelNamed(domain, table), alias)}) from ${domain}.${quote(table)} ${alias} where ${alias}."userId" = u.id)`
  const subscription = `(select ${object(modelNamed('billing', 'Subscription'), 's')} from billing."Subscription" s where s."userId" = u.id)`
  const statement = one
    .prepare(
      `select ${object(modelNamed('identity', 'User'), 'u')}, ${subscription}, ${many('billing', 'ProcessedPayment', 'p')},
         ${many('admin', 'Voucher', 'v')}
       from main."User" u where u.id > ? order by u.id limit 50`,
    )
    .raw()
  return {
    page: (start) => JSON.parse(textOf(statement.all(start) as string[][])) as unknown[],
    close: () => one.close(),
  }
}

function textOf(rows: readonly (readonly string[])[]): string {
  const users = rows.map(
    ([user = '{}', subscription, payments, vouchers]) =>
      `${user.slice(0, -1)},"subscription":${subscription ?? 'null'},"payments":${payments},"vouchers":${vouchers}}`,
  )
  return `[${users.join(',')}]`
}

/** The columns that the service answers with: no secrets, booleans as booleans. */
function object(model: CatalogModel, alias: string): string {
  const fields = model.columns
    .filter(({ class: kind }) => kind !== 'secret')
    .map(({ name, type }) => {
      const column = `${alias}.${quote(name)}`
      return `'${name}', ${type === 'boolean' ? `json(iif(${column}, 'true', 'false'))` : column}`
    })
  return `json_object(${fields.join(', ')})`
}
