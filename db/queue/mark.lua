-- A runner says that it is here; the newest one's mark stands.
-- KEYS  rec_runner    ARGV  started_ms  mark_ms    Gives 1 when a newer runner is here, else 0.
local newest = tonumber(redis.call('GET', KEYS[1]) or '0')
if newest and newest > tonumber(ARGV[1]) then
    return 1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
