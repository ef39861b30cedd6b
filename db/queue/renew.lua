-- A runner keeps its lease. Where Redis forgot it (a restart, a flush), the running transfer
-- re-enters its slot while there is room; where somebody else has it, it is lost.
-- KEYS  rec_inflight:B:SID  rec_slots:B  rec_queue:B  rec_later:B  rec_queued:B  rec_taken
-- ARGV  token  lease_ms  SID  B  limit    Gives 1 (kept) or 0 (lost).
local lease = redis.call('GET', KEYS[1])
if lease and string.sub(lease, 5) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return 1
end
-- Its own slot, when only the lease lapsed, is room enough.
local others = redis.call('SCARD', KEYS[2]) - redis.call('SISMEMBER', KEYS[2], ARGV[3])
if lease or others >= tonumber(ARGV[5]) then
    return 0
end
redis.call('LREM', KEYS[3], 0, ARGV[3])
redis.call('LREM', KEYS[4], 0, ARGV[3])
redis.call('SREM', KEYS[5], ARGV[3])
redis.call('SADD', KEYS[2], ARGV[3])
redis.call('SADD', KEYS[6], ARGV[4])
redis.call('SET', KEYS[1], 'c:r:' .. ARGV[1], 'PX', ARGV[2])
return 1
