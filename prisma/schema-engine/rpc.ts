// JSON-RPC 2.0, one message a line. Requests are answered one after the other, in their order.
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

export type Call = (method: string, params: unknown) => Promise<unknown>

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
}

/** Resolves when `input` ends. */
export async function serve(input: Readable, output: Writable, call: Call): Promise<void> {
  const send = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  for await (const line of createInterface({ input })) {
    const { id, method, params } = JSON.parse(line) as Message
    // A line without a method is the CLI's answer to our `print`.
    if (id === undefined || method === undefined) continue
    try {
      const result = (await call(method, params)) ?? null
      const { stdout } = (result ?? {}) as { stdout?: string | null }
      // The CLI prints what `print` carries, and nothing of diff's result.
      if (method === 'diff' && stdout) send({ id, method: 'print', params: { content: stdout } })
      send({ id, result })
    } catch (error) {
      send({ id, error: toRpcError(error as Error & { code?: string }) })
    }
  }
}

/** The shape of the binary's errors: the CLI prints `error_code` and `message` of `data`. */
function toRpcError({ message, code, stack }: Error & { code?: string }): object {
  const isPanic = code === undefined && /^(RuntimeError|.*\bpanicked at\b)/.test(message)
  const data = { is_panic: isPanic, message, error_code: code ?? null, backtrace: isPanic ? stack : null }
  return { code: 4466, message: 'An error happened. Check the data field for details.', data }
}
