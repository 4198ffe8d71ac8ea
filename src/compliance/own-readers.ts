// Readers that nobody else uses, for whoever reads all three files as of one moment each.
import { type Connection, openReader } from '../database/connections.ts'
import type { Domain } from '../database/domains.ts'

export interface OwnReaders extends Disposable {
  readonly readers: Readonly<Record<Domain, Connection>>
}

/** Throws FileError where one of them is missing. */
export function openOwnReaders(paths: Readonly<Record<Domain, string>>): OwnReaders {
  using opened = new DisposableStack()
  const open = (domain: Domain) => opened.adopt(openReader(domain, paths[domain], { cacheMb: 8 }), (one) => one.close())
  const readers = { identity: open('identity'), billing: open('billing'), admin: open('admin') }
  const owned = opened.move()
  return { readers, [Symbol.dispose]: () => owned.dispose() }
}
