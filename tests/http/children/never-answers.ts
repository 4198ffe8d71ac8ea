// Takes its task and goes on with it until it is killed.
process.once('disconnect', () => process.exit())
process.on('message', () => undefined)
