/** The services that every server has: health (grpc.health.v1) and reflection (grpc.reflection.v1 and v1alpha). */
import { toBinary, type DescFile } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  ServerInterceptingCall,
  status as Status,
  type Server,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { file_google_rpc_error_details } from '../../proto/gen/google/rpc/error_details_pb.js';
import { file_grpc_health_v1_health } from '../../proto/gen/grpc/health/v1/health_pb.js';
import type { BoundService } from './bind-service.js';

/** Tells whether services take calls. */
export class Health {
  private readonly names: readonly string[];
  private readonly implementation: HealthImplementation;

  constructor(services: readonly BoundService[]) {
    this.names = ['', ...services.map((service) => service.descriptor.typeName)];
    this.implementation = new HealthImplementation();
    this.setServing(true);
  }

  /** Adds the health service. */
  addTo(server: Server): void {
    this.implementation.addToServer(server);
  }

  /** Says of every service, and of the server as a whole, whether it takes calls. */
  setServing(serving: boolean): void {
    for (const name of this.names) this.implementation.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }
}

/** Adds the reflection services, which describe `services`, health, the details of errors and every file that they depend on. */
export function addReflection(server: Server, services: readonly BoundService[]): void {
  const files = new Map<string, DescFile>();
  for (const service of services) collectFiles(service.descriptor.file, files);
  collectFiles(file_grpc_health_v1_health, files);
  collectFiles(file_google_rpc_error_details, files);
  const fileDescriptorProtos = [...files.values()].map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  const described = { format: 'Protocol Buffer 3 DescriptorProto' as const, type: {}, fileDescriptorProtos };
  new ReflectionService({ marid: described }).addToServer(server);
}

/**
 * Holds the calls of the system services, which the libraries never end by themselves (a health watch has no end), so that a server can stop.
 */
export class SystemCalls {
  private readonly calls = new Set<ServerInterceptingCallInterface>();

  /** Sees every call of the server. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    if (!method.path.startsWith('/grpc.') || !method.responseStream) return new ServerInterceptingCall(call);
    this.calls.add(call);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            pass(metadata);
          },
          onReceiveMessage: (message: unknown, pass) => {
            pass(message);
          },
          onReceiveHalfClose: (pass) => {
            pass();
          },
          onCancel: () => {
            this.calls.delete(call);
          },
        });
      },
    });
  };

  /** Ends all of them. */
  end(): void {
    for (const call of this.calls) call.sendStatus({ code: Status.UNAVAILABLE, details: 'The server is stopping.' });
  }
}

function collectFiles(file: DescFile, into: Map<string, DescFile>): void {
  if (into.has(file.proto.name)) return;
  into.set(file.proto.name, file);
  for (const dependency of file.dependencies) collectFiles(dependency, into);
}
