// SPDX-License-Identifier: MIT
// @tus/server with its file store on a free port: `node tus_server.mjs DIRECTORY`.
import http from 'node:http'

import {FileStore} from '@tus/file-store'
import {Server} from '@tus/server'

const tus = new Server({path: '/files', datastore: new FileStore({directory: process.argv[2]})})
const server = http.createServer((request, response) => tus.handle(request, response))
server.requestTimeout = 0
server.keepAliveTimeout = 60000
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`)
})
