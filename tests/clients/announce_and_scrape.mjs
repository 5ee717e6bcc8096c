// A leecher's visit with npm's bittorrent-tracker client: announce, scrape, stop.
// Arguments: the package's folder, announce URL, info_hash, port. Prints the responses as JSON.

import { randomBytes } from 'node:crypto'

const [folder, announce, infoHash, port] = process.argv.slice(2)
const { Client } = await import(`${folder}/index.js`)
const client = new Client({ infoHash, announce, peerId: randomBytes(20), port: Number(port) })

function next (event) {
  return new Promise((resolve, reject) => {
    client.once(event, resolve)
    for (const trouble of ['warning', 'error']) client.once(trouble, reject)
  })
}

const counts = ({ complete, incomplete, downloaded }) => ({ complete, incomplete, downloaded })

const peers = []
client.on('peer', peer => peers.push(peer))

const announced = next('update')
client.start({ left: 1000, uploaded: 0, downloaded: 0 })
const swarm = await announced

const scraped = next('scrape')
client.scrape()
const said = { announced: counts(swarm), scraped: counts(await scraped), peers }

const stopped = next('update')
client.stop({ left: 1000, uploaded: 0, downloaded: 0 })
await stopped

console.log(JSON.stringify(said))
client.destroy(() => process.exit())
