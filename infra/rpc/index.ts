/** gRPC: servers, channels and in-process clients for the services of `proto/`. */
export { bindService, type BoundService } from './bind-service.js';
export { connectServers, type ServiceChannel } from './failover-channel.js';
export { connectRpc, RpcChannel, type ConnectOptions } from './rpc-channel.js';
export { createInProcessClient, type InProcessOptions } from './in-process-client.js';
export { RpcServer, type RpcServerOptions } from './rpc-server.js';
