/** A bare grpc-js server: a unary call and a stream that answer each request with a few bytes; the call after `fdatasync` of what came when FILE is given. Usage: echo.mjs [FILE]; prints its port. */
import { Buffer } from 'node:buffer';
import { fdatasyncSync, openSync, writeSync } from 'node:fs';
import { Server, ServerCredentials } from '@grpc/grpc-js';

const file = process.argv[2] === undefined ? null : openSync(process.argv[2], 'a');
const bytes = {
  requestSerialize: (value) => value,
  requestDeserialize: (value) => value,
  responseSerialize: (value) => value,
  responseDeserialize: (value) => value,
};
const answer = Buffer.alloc(64);
const server = new Server();
server.addService(
  {
    echo: { path: '/bench.Echo/Echo', requestStream: false, responseStream: false, ...bytes },
    stream: { path: '/bench.Echo/Stream', requestStream: true, responseStream: true, ...bytes },
  },
  {
    echo: ({ request }, callback) => {
      if (file !== null) {
        writeSync(file, request);
        fdatasyncSync(file);
      }
      callback(null, answer);
    },
    stream: (call) => {
      call.on('data', () => {
        if (!call.write(answer)) call.pause();
      });
      call.on('drain', () => call.resume());
      call.on('end', () => call.end());
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${port}\n`);
});
