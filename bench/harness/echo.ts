/** A bare gRPC server in a process of its own, as the control plane is, and calls to it that send given bytes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client, credentials } from '@grpc/grpc-js';
import { benchFile } from './tools.js';

/** The server, seen from this process. */
export class Echo {
  private constructor(
    private readonly client: Client,
    private readonly bytes: Buffer,
    private readonly end: () => Promise<void>,
  ) {}

  /** Starts one; with `file`, each call is answered after `fdatasync` of what came. */
  static async start(bytes: Uint8Array, file?: string): Promise<Echo> {
    const args = [benchFile('peers', 'echo.mjs'), ...(file === undefined ? [] : [file])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = await new Promise<string>((resolve) => child.stdout.setEncoding('utf8').once('data', resolve));
    const client = new Client(`127.0.0.1:${port.trim()}`, credentials.createInsecure());
    return new Echo(client, Buffer.from(bytes), async () => {
      client.close();
      child.kill();
      await once(child, 'close');
    });
  }

  /** One request, one answer. */
  call(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest('/bench.Echo/Echo', same, same, this.bytes, (error, answer) => {
        if (error === null) resolve(answer);
        else reject(error);
      });
    });
  }

  /** So many requests and their answers over one stream, as fast as the server takes them. */
  async stream(count: number): Promise<void> {
    const call = this.client.makeBidiStreamRequest('/bench.Echo/Stream', same, same);
    const answered = (async () => {
      let answers = 0;
      for await (const answer of call) answers += answer === undefined ? 0 : 1;
      if (answers !== count) throw new Error(`${String(answers)} answers came to ${String(count)} requests`);
    })();
    for (let sent = 0; sent < count; sent += 1) if (!call.write(this.bytes)) await once(call, 'drain');
    call.end();
    await answered;
  }

  async stop(): Promise<void> {
    await this.end();
  }
}

function same(value: Buffer): Buffer {
  return value;
}
