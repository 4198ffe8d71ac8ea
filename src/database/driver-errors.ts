// Errors in Prisma's words for drivers. Prisma hands them on in `meta.driverAdapterError`, where errors.ts reads them.
import { DriverAdapterError, isDriverAdapterError } from '@prisma/driver-adapter-utils'
import type { Domain } from './domains.ts'

export const isBusy = (error: unknown): boolean =>
  error instanceof Error && isDriverAdapterError(error) && error.cause.kind === 'SocketTimeout'

export const busyError = (originalMessage: string): DriverAdapterError =>
  new DriverAdapterError({ kind: 'SocketTimeout', originalCode: 'SQLITE_BUSY', originalMessage })

export const closedError = ({ domain, path }: { readonly domain: Domain; readonly path: string }): DriverAdapterError =>
  new DriverAdapterError({ kind: 'ConnectionClosed', originalMessage: `${domain}.db at ${path} is closed` })
