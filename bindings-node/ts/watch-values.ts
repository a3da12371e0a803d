// What a watcher tells: events, and numbers.

import type { FlatForm } from './answer.js';
import type { PresenceError } from './errors.js';
import { listed, type Presence } from './presences.js';

/** Where a watcher learned of a change; of merged events, of the last. */
export type EventSource = 'poll' | 'subscribe' | 'callback';

/** What a `warning` is about. */
export type WarningReason =
  | 'not_answered'
  | 'none_answered'
  | 'own_user'
  | 'too_many_subscriptions'
  | 'not_subscribed'
  | 'polls_refused'
  | 'subscribing_fails'
  | 'closed';

/** One user's change. Applied in order, changes give the watcher's view of every user who was ever online. */
export interface ChangeEvent {
  /**
   * `enter`: the user's first device is online. `leave`: the last one went offline. `update`: devices, a status or the
   * text changed without either.
   */
  readonly kind: 'enter' | 'leave' | 'update';
  /** The user. */
  readonly userId: string;
  /** The user's presence now. It has no `expiresAt`. */
  readonly presence: Presence;
  /** What was last told or known of the user; none the first time. */
  readonly previous?: Presence;
  /** Whether this is the first that is known of the user, who may have been online for long. */
  readonly initial: boolean;
  /** Where the watcher learned of it. */
  readonly source: EventSource;
}

/** `synced`: every watched user has been read once. `resynced`: after `stale`, every user has been read again. */
export interface SyncedEvent {
  /** Which of the two. */
  readonly kind: 'synced' | 'resynced';
}

/** There is no contact with the service: what is known may be old. Nobody is taken to have left for it. */
export interface StaleEvent {
  /** `stale`. */
  readonly kind: 'stale';
  /** When a poll last succeeded, by this machine's clock. */
  readonly since: Date;
}

/** The events were not taken as fast as they came, and some were merged: of each user what came last counts. */
export interface LaggedEvent {
  /** `lagged`. */
  readonly kind: 'lagged';
  /** How many events were merged into others or cancelled each other out. */
  readonly merged: number;
}

/** Something that somebody should look at; the watcher goes on. */
export interface WarningEvent {
  /** `warning`. */
  readonly kind: 'warning';
  /** What it is about. */
  readonly reason: WarningReason;
  /** The user, the reason and the error in one line. */
  readonly message: string;
  /** The user concerned, if it is one. */
  readonly userId?: string;
  /** The error behind it, if there is one. */
  readonly error?: PresenceError;
}

/** What a {@link Watcher} tells; its `kind` says which of these it is. */
export type Event = ChangeEvent | SyncedEvent | StaleEvent | LaggedEvent | WarningEvent;

/** What kind of event it is. */
export type EventKind = Event['kind'];

/** How many watched users are where; see {@link Watcher.occupancy}. */
export interface Occupancy {
  /** Users watched. */
  readonly watched: number;
  /** Users of whom something is known. */
  readonly known: number;
  /** Users with a device online. */
  readonly online: number;
  /** Users with a device online, by its platform. A user on two platforms counts for both. */
  readonly byPlatform: Readonly<Record<string, number>>;
}

/** What a watcher has done so far; see {@link Watcher.stats}. */
export interface WatchStats {
  /** Users watched. */
  readonly users: number;
  /**
   * The milliseconds between two readings of a user, for half of the users at most: the latest two of each, or since
   * the latest if that is longer. None before anybody has been read twice.
   */
  readonly refreshIntervalP50Ms?: number;
  /** The same for 99 of 100 users. */
  readonly refreshIntervalP99Ms?: number;
  /** Polls a second that are made at most, as of now. */
  readonly callsPerSecond: number;
  /** Polls made, retries not counted. */
  readonly polls: number;
  /** Polls that failed, with their retries. */
  readonly pollsFailed: number;
  /** Calls of subscribe. */
  readonly subscribeCalls: number;
  /** Events made. */
  readonly events: number;
  /** Events that wait to be taken. */
  readonly lag: number;
  /** Events that became part of another, or cancelled each other out, because they were not taken in time. */
  readonly merged: number;
  /** Callbacks fed in. */
  readonly callbacks: number;
  /** Callbacks of watched users that said nothing new, or less than was known. */
  readonly callbacksIgnored: number;
  /** Changes that callbacks told first. */
  readonly changesFromCallbacks: number;
  /** Changes that polls told first. */
  readonly changesFromPolls: number;
  /** Changes that answers to subscribing told first. */
  readonly changesFromSubscribing: number;
  /** Subscriptions kept. */
  readonly subscriptions: number;
  /** Subscriptions that were found to be gone before their end, and made again. */
  readonly subscriptionsLost: number;
  /** When a poll last succeeded, by this machine's clock; none before the first. */
  readonly lastContact?: Date;
  /** Whether contact is lost. */
  readonly stale: boolean;
}

/** As it crosses. */
type Told = Omit<ChangeEvent, 'userId' | 'presence'> & { userId?: string; since?: number; error?: string };

/** @internal An event that native code gives: its JSON, and its presences if it has any. */
export function eventOf(row: unknown[], failure: (json: string) => PresenceError): Event {
  const { since, error, ...told } = JSON.parse(row[0] as string) as Told;
  const [presence, previous] = row[1] === undefined ? [] : listed(row[1] as FlatForm);
  return Object.freeze({
    ...told,
    ...(presence === undefined ? {} : { userId: presence.userId, presence }),
    ...(previous === undefined ? {} : { previous }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(error === undefined ? {} : { error: failure(error) }),
  }) as Event;
}

/** @internal */
export function occupancyOf(json: string): Occupancy {
  const { byPlatform, ...counts } = JSON.parse(json) as Occupancy;
  return Object.freeze({ ...counts, byPlatform: Object.freeze(byPlatform) });
}

/** @internal */
export function watchStatsOf(json: string): WatchStats {
  const { lastContact, ...numbers } = JSON.parse(json) as Omit<WatchStats, 'lastContact'> & { lastContact?: number };
  return Object.freeze({ ...numbers, ...(lastContact === undefined ? {} : { lastContact: new Date(lastContact) }) });
}
