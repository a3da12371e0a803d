/**
 * A typed client for the presence (online status) REST API of Easemob IM and Agora Chat.
 *
 * @packageDocumentation
 */

export { PresenceClient } from './client.js';
export type { GroupKind, GroupOptions } from './client.js';
export {
  AuthError,
  BadRequestError,
  ClosedError,
  ConfigError,
  ConnectError,
  DeadlineError,
  DecodeError,
  FeatureDisabledError,
  InvalidInputError,
  InvalidSignatureError,
  NotFoundError,
  OverloadedError,
  PartialFailureError,
  PermissionDeniedError,
  PresenceError,
  QueueTimeoutError,
  QuotaExceededError,
  RateLimitedError,
  ServerError,
  SupersededError,
  TlsError,
  TooLargeError,
} from './errors.js';
export type { ErrorKind, Sent } from './errors.js';
export { IterMany } from './many.js';
export type { IterManyOptions, ManyOptions } from './many.js';
export { AppToken, OnlineStates } from './models.js';
export type { Device, Subscription, SubscriptionsPage } from './models.js';
export type { CallOptions, ClientOptions, CommonOptions, LimitOptions, Priority, WithOptions } from './options.js';
export { PartialFailure } from './partial.js';
export { Presence, Presences } from './presences.js';
export type { DeviceStatus, PresenceFields } from './presences.js';
export type { Progress } from './progress.js';
export type { EndpointName, RateLimits } from './rates.js';
export type { EndpointStats, Stats } from './stats.js';
export { Status } from './status.js';
export type { CallEvent, Logger } from './telemetry.js';
export type { ProvidedToken, TokenProvider } from './token-source.js';
export { Subscriptions } from './subscriptions.js';
export type { ListOptions } from './subscriptions.js';
export { User } from './user.js';
export type { PageOptions, SetOptions, SubscribeOptions } from './user.js';
export { Watcher } from './watch.js';
export type { WatchOptions } from './watch.js';
export type {
  ChangeEvent,
  Event,
  EventKind,
  EventSource,
  LaggedEvent,
  Occupancy,
  StaleEvent,
  SyncedEvent,
  WarningEvent,
  WarningReason,
  WatchStats,
} from './watch-values.js';
export { Callback, Webhook } from './webhook.js';
export type { CallbackFields, WebhookOptions } from './webhook.js';
