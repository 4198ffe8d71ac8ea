// What is no HTTP never reaches a route: the socket gets a problem document of its own and is closed.

import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { PROBLEM_TYPE, type Problem } from './schemas/problem.ts'

const STATUS: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers-too-large', 'The request line and its headers are longer than 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'timeout', 'The request did not arrive in time'],
}

export function brokenRequests(nextId: () => string): (error: Error & { code?: string }, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const [status, code, detail] = STATUS[error.code ?? ''] ?? [400, 'malformed', 'What came is not an HTTP request']
    const title = STATUS_CODES[status] ?? 'Error'
    const problem: Problem = {
      type: `urn:gogga:problem:${code}`,
      title,
      status,
      detail,
      instance: '/',
      requestId: nextId(),
      errors: [],
    }
    const body = JSON.stringify(problem)
    socket.end(
      [
        `HTTP/1.1 ${status} ${title}`,
        `Content-Type: ${PROBLEM_TYPE}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    )
  }
}
