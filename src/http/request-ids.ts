/** `<process>-<count>`: unique across restarts without asking for randomness at every request. */
export function requestIds(randomBytes: (size: number) => Buffer): () => string {
  const process = randomBytes(6).toString('hex')
  let count = 0
  return () => {
    count += 1
    return `${process}-${count.toString(36)}`
  }
}
