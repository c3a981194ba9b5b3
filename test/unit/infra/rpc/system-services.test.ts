import { create, createFileRegistry, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import { startHarness, stopHarnesses } from './rpc-harness.js';

const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await stopHarnesses();
});

/** The parts of health.proto and reflection.proto that the tests speak, as other programs compile them. */
const protocol = createFileRegistry(
  create(FileDescriptorProtoSchema, {
    name: 'protocol.proto',
    syntax: 'proto3',
    messageType: [
      message('HealthRequest', [field('service', 1, Type.STRING)]),
      message('HealthResponse', [field('status', 1, Type.INT32)]),
      message('ReflectionRequest', [
        field('file_by_filename', 3, Type.STRING),
        field('file_containing_symbol', 4, Type.STRING),
        field('list_services', 7, Type.STRING),
      ]),
      message('ReflectionResponse', [
        field('file_descriptor_response', 4, Type.MESSAGE, '.Files'),
        field('list_services_response', 6, Type.MESSAGE, '.Services'),
      ]),
      message('Files', [field('file_descriptor_proto', 1, Type.BYTES, '', true)]),
      message('Services', [field('service', 1, Type.MESSAGE, '.Service', true)]),
      message('Service', [field('name', 1, Type.STRING)]),
    ],
  }),
  () => undefined,
);

function message(name: string, fields: ReturnType<typeof field>[]) {
  return { name, field: fields };
}

function field(name: string, number: number, type: Type, typeName = '', repeated = false) {
  return { name, number, type, typeName, label: repeated ? Label.REPEATED : Label.OPTIONAL };
}

function schema(name: string): DescMessage {
  const found = protocol.getMessage(name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

function connect(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  clients.push(client);
  return client;
}

const pass = (bytes: Buffer): Buffer => bytes;

function encode(name: string, fields: Record<string, unknown>): Buffer {
  return Buffer.from(toBinary(schema(name), create(schema(name), fields)));
}

/** 1 serving, 2 not serving. */
function check(client: Client, service: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = encode('HealthRequest', { service });
    client.makeUnaryRequest('/grpc.health.v1.Health/Check', pass, pass, request, (error, bytes) => {
      if (error !== null || bytes === undefined) reject(error ?? new Error('no answer'));
      else resolve(decoded('HealthResponse', bytes)['status']);
    });
  });
}

async function reflect(client: Client, version: string, fields: Record<string, unknown>) {
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  const stream = client.makeBidiStreamRequest(path, pass, pass);
  stream.write(encode('ReflectionRequest', fields));
  stream.end();
  for await (const bytes of stream) return decoded('ReflectionResponse', bytes as Buffer);
  throw new Error('no answer');
}

function decoded(name: string, bytes: Buffer): Record<string, unknown> {
  return fromBinary(schema(name), bytes);
}

describe('health', () => {
  test('is told for the server and each service, and follows setServing', async () => {
    const { server } = await startHarness({});
    const client = connect(server.address);
    expect(await check(client, '')).toBe(1);
    expect(await check(client, 'marid.v1.LogService')).toBe(1);
    server.setServing(false);
    expect(await check(client, '')).toBe(2);
    expect(await check(client, 'marid.v1.LogService')).toBe(2);
    await expect(check(client, 'marid.v1.Nothing')).rejects.toMatchObject({ code: 5 });
  });

  test('a watch that never ends does not hold up a stop', async () => {
    const { server } = await startHarness({});
    const client = connect(server.address);
    const request = encode('HealthRequest', { service: '' });
    const watch = client.makeServerStreamRequest('/grpc.health.v1.Health/Watch', pass, pass, request);
    const seen: unknown[] = [];
    const ended = new Promise((resolve) => watch.on('error', resolve));
    await new Promise<void>((resolve) => {
      watch.on('data', (bytes: Buffer) => {
        seen.push(decoded('HealthResponse', bytes)['status']);
        resolve();
      });
    });
    await server.stop();
    expect(await ended).toMatchObject({ code: 14 });
    expect(seen).toEqual([1, 2]);
  });
});

describe.each(['v1', 'v1alpha'])('reflection %s', (version) => {
  test('lists the services', async () => {
    const { server } = await startHarness({});
    const answer = await reflect(connect(server.address), version, { listServices: '*' });
    const names = JSON.stringify(answer['listServicesResponse']);
    expect(names).toContain('marid.v1.LogService');
    expect(names).toContain('grpc.health.v1.Health');
  });

  const registryFor = async (symbol: string) => {
    const { server } = await startHarness({});
    const answer = await reflect(connect(server.address), version, { fileContainingSymbol: symbol });
    const files = (answer['fileDescriptorResponse'] as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto;
    const file = files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)).reverse();
    return createFileRegistry(create(FileDescriptorSetSchema, { file }));
  };

  test('describes health and the details of errors, which clients look up by name', async () => {
    const health = (await registryFor('grpc.health.v1.Health')).getService('grpc.health.v1.Health');
    expect(health?.methods.map((method) => method.name)).toContain('Check');
    expect((await registryFor('google.rpc.ErrorInfo')).getMessage('google.rpc.ErrorInfo')).toBeDefined();
    expect((await registryFor('google.rpc.BadRequest')).getMessage('google.rpc.BadRequest')).toBeDefined();
  });

  test('gives files with everything that they import, so that a client can compile them', async () => {
    const service = (await registryFor('marid.v1.LogService')).getService('marid.v1.LogService');
    expect(service?.methods.map((method) => method.name)).toEqual(['Produce', 'Subscribe', 'Steer', 'DescribeTopic']);
    const { server } = await startHarness({});
    const client = connect(server.address);
    const timestamp = await reflect(client, version, { fileByFilename: 'google/protobuf/timestamp.proto' });
    expect(timestamp['fileDescriptorResponse']).toBeDefined();
  });
});
