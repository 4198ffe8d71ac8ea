// Where notifications may come from.
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../errors.ts'

/** The addresses PayFast sends from, live and sandbox: "Ports and IP addresses", https://developers.payfast.co.za/docs */
export const PAYFAST_SOURCES: readonly string[] = [
  '197.97.145.144/28',
  '41.74.179.192/27',
  '102.216.36.0/28',
  '102.216.36.128/28',
  '144.126.193.139/32',
]

/**
 * Tells whether an address is in one of these ranges (`10.0.0.0/8`, `::1/128`, or an address alone). IPv4 in its IPv6 form
 * (`::ffff:10.0.0.1`) counts as IPv4. An empty list holds no address. UsageError for what is no range.
 */
export function sourceList(cidrs: readonly string[]): (address: string) => boolean {
  const list = new BlockList()
  for (const [index, cidr] of cidrs.entries()) addRange(list, cidr, index)
  return (address) => isInBlockList(list, address)
}

export function isInBlockList(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

function addRange(list: BlockList, cidr: string, index: number): void {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(cidr.trim()) ?? []
  const family = isIP(address)
  const bits = family === 4 ? 32 : 128
  if (family === 0 || Number(prefix ?? 0) > bits) {
    const message = 'expected an address or a range as 197.97.145.144/28'
    throw new UsageError(`The list of sources does not fit: ${cidr}: ${message}`, {
      errors: [{ at: `sources.${index}`, message }],
    })
  }
  list.addSubnet(address, Number(prefix ?? bits), family === 4 ? 'ipv4' : 'ipv6')
}
