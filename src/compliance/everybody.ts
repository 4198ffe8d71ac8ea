// A command that shows everybody at once names everybody in the access log, so that whoever asks who saw them is told of it.
import type { OpenFile } from '../database/clients.ts'
import type { Connection } from '../database/connections.ts'
import { type CommandAccess, noteCommandAccess } from './command-access.ts'

/** So many people in a row of the access log. */
export const PEOPLE_A_ROW = 10_000

/** On disk when it resolves; gives the number of people. One row says so where there is nobody. */
export async function noteEverybody(
  { change, reader }: Pick<OpenFile<'identity'>, 'change' | 'reader'>,
  access: Omit<CommandAccess, 'subjects'>,
  sources: { readonly now: () => Date; readonly newId: () => string },
): Promise<number> {
  let people = 0
  for (const subjects of everybodyIn(reader)) {
    await change((tx) => noteCommandAccess(tx, { ...access, subjects }, sources))
    people += subjects.length
  }
  if (people === 0) await change((tx) => noteCommandAccess(tx, { ...access, subjects: [] }, sources))
  return people
}

function* everybodyIn(reader: Connection): Generator<readonly string[]> {
  for (const table of ['User', 'Contact']) {
    const some = reader
      .prepare<[string], string>(`select id from "${table}" where id > ? order by id limit ${PEOPLE_A_ROW}`)
      .pluck()
    for (let ids = some.all(''); ids.length > 0; ids = some.all(ids.at(-1) ?? '')) yield ids
  }
}
