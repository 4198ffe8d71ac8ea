// Redeems the voucher with the code that the second argument names, for ann, under the key that the third names, when it is
// told so on its input; prints the answer or the refusal. node same-key.ts FOLDER CODE KEY NOW
import { once } from 'node:events'
import { readConfig } from '../../../src/config.ts'
import { createContext } from '../../../src/context.ts'
import { redeemVoucher } from '../../../src/saga/redeem-voucher.ts'

const [dir = '', code = '', key = '', now = ''] = process.argv.slice(2)
await using context = await createContext(readConfig({ GOGGA_DATA_DIR: dir, GOGGA_LOG_LEVEL: 'silent' }, dir), {
  now: () => new Date(now),
})
process.stdout.write('ready\n')
await once(process.stdin, 'data')
process.stdin.destroy()
const request = { route: 'POST /v1/redeem', body: { code }, key, subjectId: 'ann' }
const answer = await redeemVoucher(context.sagas, { code, userId: 'ann' }, request).then(
  ({ status, data, repeated }) => ({ status, data, repeated }),
  ({ status, message }) => ({ status, message }),
)
process.stdout.write(`${JSON.stringify(answer)}\n`)
