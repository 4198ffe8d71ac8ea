// The export as one JSON document, a line for each row.
import type { ExportEvent } from './export.ts'

export function* jsonOf(events: Iterable<ExportEvent>): Generator<string> {
  let [tables, rows] = [0, 0]
  for (const event of events) {
    if (event.type === 'head') yield `${JSON.stringify(event.head).slice(0, -1)},\n"tables":[`
    else if (event.type === 'table') {
      yield `${tables++ > 0 ? ',' : ''}\n${JSON.stringify(event.table).slice(0, -1)},"rows":[`
      rows = 0
    } else if (event.type === 'row') yield `${rows++ > 0 ? ',' : ''}\n${JSON.stringify(event.row)}`
    else if (event.type === 'table-end') yield `],"count":${event.rows}}`
    else if (event.type === 'end')
      yield `\n],\n"tablesWithoutAnythingOfPeople":${JSON.stringify(event.untouched)},\n"count":${event.rows}}\n`
    else yield ''
  }
}
