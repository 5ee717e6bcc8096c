// The tracker of npm's bittorrent-tracker package, over HTTP and UDP, on loopback.
//
//     node node_tracker.mjs FOLDER PORT     (FOLDER/node_modules has the package)

import { pathToFileURL } from 'node:url'

const [folder, port] = process.argv.slice(2)
const { Server } = await import(
  pathToFileURL(`${folder}/node_modules/bittorrent-tracker/index.js`))

const server = new Server({ http: true, udp: true, ws: false, stats: false, interval: 1800000 })
server.on('error', error => { console.error(error.message) })
server.on('warning', () => {})
server.listen(Number(port), { http: '127.0.0.1', udp4: '127.0.0.1', udp: '127.0.0.1', udp6: '::1' })
