// The load of the drill in docs/operations.md.
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Drilled, GoneError, pay, redeem, setTier, signIn, spend } from './client.ts'
import { read } from './ledger.ts'

const HELP = `Clients that change something without end: people sign in, spend, pay, redeem vouchers, get another tier. Every answer
is noted with its time and its rows. Ends when the server is gone.

Usage: node scripts/run.mjs scripts/drill/load.ts --server FILE --mails DIR --ledger FILE [--clients N] [--pause MS]

  --server FILE   what "gogga start --json" printed: address, keys, administrator
  --mails DIR     where that server puts its mails
  --ledger FILE   what was acknowledged, a JSON line each
  --clients N     that work at the same time (default: 3)
  --pause MS      of each client between two changes (default: 20)

Examples:
  $ node scripts/run.mjs scripts/drill/load.ts --server server.json --mails data/mail --ledger ledger.jsonl
`

const string = { type: 'string' } as const
const { values } = parseArgs({
  options: {
    server: string,
    mails: string,
    ledger: string,
    clients: { ...string, default: '3' },
    pause: { ...string, default: '20' },
    help: { type: 'boolean' },
  },
})
const { server, mails, ledger } = values
if (values.help) process.stdout.write(HELP)
else if (server && mails && ledger) await run(server, { mails, ledger })
else {
  process.stderr.write('load: --server, --mails and --ledger are needed; see --help\n')
  process.exitCode = 2
}

async function run(file: string, places: Pick<Drilled, 'mails' | 'ledger'>): Promise<void> {
  const { address: api, keys, administrator } = JSON.parse(readFileSync(file, 'utf8'))
  const drilled: Drilled = { api, keys, administrator, ...places }
  try {
    await Promise.all(Array.from({ length: Number(values.clients) }, () => work(drilled)))
  } catch (error) {
    if (!(error instanceof GoneError)) throw error
    process.stdout.write(`The server is gone. It had acknowledged ${read(places.ledger).length} changes.\n`)
  }
}

async function work(drilled: Drilled): Promise<never> {
  const wait = () => pause(Number(values.pause))
  const person = await signIn(drilled)
  await redeem(drilled, person)
  for (;;) {
    for (const act of [spend, pay, spend, redeem, spend]) {
      await wait()
      await act(drilled, person)
    }
    await wait()
    const somebody = await signIn(drilled)
    await wait()
    await setTier(drilled, somebody)
  }
}
