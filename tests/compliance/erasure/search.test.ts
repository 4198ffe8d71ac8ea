import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formsOf } from '../../../src/compliance/erasure/forms.ts'
import { searchFiles } from '../../../src/compliance/erasure/search.ts'
import { withFolder } from '../../helpers/databases.ts'

const EMAIL = 'Thabo.Mokoena+x@example.co.za'
const needle = (within: readonly string[] = []) => ({ kind: 'email', forms: formsOf(EMAIL), within })
const PORTION = 4 * 1_048_576

const searched = (content: Buffer, within?: readonly string[]) =>
  withFolder(async (dir) => {
    const path = join(dir, 'file')
    writeFileSync(path, content)
    const found = await searchFiles([path, join(dir, 'missing')], [needle(within)])
    return found.map(({ bytes, hits }) => ({ bytes, hits: hits[0] ?? 0 }))
  })

describe('the search of raw bytes', () => {
  test.each([
    ['as it is', EMAIL],
    ['in another case', EMAIL.toUpperCase()],
    ['percent-encoded', encodeURIComponent(EMAIL)],
    ['quoted-printable', EMAIL.replace('@', '=40')],
    ['behind an escape of JSON', EMAIL.replace('@', '\\u0040')],
    ['hexadecimal', Buffer.from(EMAIL).toString('hex').toUpperCase()],
    ['base64', Buffer.from(EMAIL).toString('base64')],
    ['base64 within other text', Buffer.from(`to: ${EMAIL}, from`).toString('base64')],
    ['base64 one later', Buffer.from(`a${EMAIL}`).toString('base64')],
    ['UTF-16', Buffer.from(EMAIL, 'utf16le').toString('latin1')],
  ])('finds it %s', async (_name, text) => {
    expect(await searched(Buffer.from(`\x00\x01…${text}…`, 'latin1'))).toMatchObject([{ hits: 1 }])
  })

  test('finds it once wherever it lies, across the borders of portions too', async () => {
    for (const at of [
      0,
      1,
      PORTION - 200,
      PORTION - EMAIL.length,
      PORTION - 10,
      PORTION - 1,
      PORTION,
      2 * PORTION - 5,
    ]) {
      const content = Buffer.alloc(2 * PORTION + 100)
      content.write(EMAIL, at)
      expect({ at, found: await searched(content) }).toEqual({ at, found: [{ bytes: content.length, hits: 1 }] })
    }
  })

  test('takes it for no part of a longer value that is somebody else’s', async () => {
    const longer = `u-${EMAIL}`.toLowerCase()
    expect(await searched(Buffer.from(`x${longer}y`), [longer])).toMatchObject([{ hits: 0 }])
    expect(await searched(Buffer.from(`x${longer}y${EMAIL}`), [longer])).toMatchObject([{ hits: 1 }])
  })

  test('leaves out what is not there, and reads an empty file', async () => {
    expect(await searched(Buffer.alloc(0))).toEqual([{ bytes: 0, hits: 0 }])
  })
})
