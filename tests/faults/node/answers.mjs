// Answers in the form that is the same in every language.

const seconds = (time) => (time === undefined ? null : Math.floor(time.getTime() / 1000));

export function presence(one) {
  const devices = Object.create(null);
  for (const { resource, status } of one.devices) {
    // Plain assignment would lose a device whose name is that of an accessor.
    Object.defineProperty(devices, resource, { value: status.number ?? null, enumerable: true });
  }
  return {
    user: one.userId,
    online: one.isOnline,
    ext: one.ext,
    devices,
    last_seen: seconds(one.lastSeen),
    expires_at: seconds(one.expiresAt),
  };
}

export function presences(many) {
  return {
    found: [...many.values()].map(presence),
    missing: [...many.missing],
    unmatched: many.unmatched.map(presence),
  };
}
