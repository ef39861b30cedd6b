-- A runner says that it is here; among runners the newest one's mark stands, as long as it lives.
-- KEYS  rec_runner  rec_newest  rec_ready    ARGV  started_ms  mark_ms  ready_ms
-- Gives 1 when a newer runner is here, else 0.
redis.call('SET', KEYS[1], '1', 'PX', ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
local newest = tonumber(redis.call('GET', KEYS[2]) or '0')
if newest and newest > tonumber(ARGV[1]) then
    return 1
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 0
