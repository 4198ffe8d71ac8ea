// JSON-RPC 2.0, one message a line. Requests are answered one after the other, in their order.
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export type Call = (method: string, params: unknown) => Promise<unknown>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
}

/**
 * Resolves when `input` ends. `panic` rejects when the engine breaks outside a call; every answer from then on is that
 * error. Ending the process, as the binary does, would let the CLI end with exit code 0.
 */
export async function serve(input: Readable, output: Writable, call: Call, panic: Promise<never>): Promise<void> {
  const send = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  for await (const line of createInterface({ input })) {
    const { id, method, params } = JSON.parse(line) as Message
    // A line without a method is the CLI's answer to our `print`.
    if (id === undefined || method === undefined) continue
    try {
      const result = (await Promise.race([call(method, params), panic])) ?? null
      const { stdout } = (result ?? {}) as { stdout?: string | null }
      // The CLI prints what `print` carries, and nothing of diff's result.
      if (method === 'diff' && stdout) send({ id, method: 'print', params: { content: stdout } })
      send({ id, result })
    } catch (error) {
      send({ id, error: toRpcError(error as Error & { code?: string }) })
    }
  }
}

/**
 * The shape of the binary's errors: the CLI prints `error_code` and `message` of `data`. A panic is not called one,
 * since the CLI would hide its message and offer to send a report.
 */
function toRpcError({ message, code }: Error & { code?: string }): object {
  const text = message.startsWith('panicked at') ? `Prisma's schema engine broke: it ${message}` : message
  const data = { is_panic: false, message: text, error_code: code ?? null, meta: null }
  return { code: 4466, message: 'An error happened. Check the data field for details.', data }
}
