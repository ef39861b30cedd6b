-- A runner tells how far its transfer is, while the lease is its own. Where Redis has lost its memory
-- there is no lease, nor can anybody get one before they are restored: until then it may go on.
-- KEYS  rec_inflight:B:SID  rec_progress:B:SID  rec_ready  rec_waveform:B:SID
-- ARGV  token  lease_ms  format  received  total  kind  stamp  waveform ('': the last one stays)
-- Gives 1 or 0.
local lease = redis.call('GET', KEYS[1])
local ours = lease and string.sub(lease, 5) == ARGV[1]
local forgotten = not lease and redis.call('EXISTS', KEYS[3]) == 0
if not ours and not forgotten then
    return 0
end
redis.call('HSET', KEYS[2], 'format', ARGV[3], 'received', ARGV[4], 'total', ARGV[5],
    'kind', ARGV[6], 'stamp', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
if ARGV[8] ~= '' then
    redis.call('SET', KEYS[4], ARGV[8], 'PX', ARGV[2])
end
return 1
