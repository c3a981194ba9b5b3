/** Servers and channels for the services of `proto/`: over gRPC, and over a port to another thread. */
export { bindService, type BoundService } from './bind-service.js';
export { connectServers, type ServiceChannel } from './failover-channel.js';
export { connectRpc, RpcChannel, type ConnectOptions } from './rpc-channel.js';
export { PortChannel } from './port/port-channel.js';
export { PortServer, type PortServerOptions } from './port/port-server.js';
export { RpcServer, type RpcServerOptions } from './rpc-server.js';
