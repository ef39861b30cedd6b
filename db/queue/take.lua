-- A runner takes what was granted: only once, and only while the grant stands.
-- KEYS  rec_inflight:B:SID    ARGV  token  lease_ms    Gives 1 or 0.
local lease = redis.call('GET', KEYS[1])
if not lease or string.sub(lease, 3, 3) ~= 'g' then
    return 0
end
redis.call('SET', KEYS[1], string.sub(lease, 1, 2) .. 'r:' .. ARGV[1], 'PX', ARGV[2])
return 1
