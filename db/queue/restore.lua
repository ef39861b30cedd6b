-- Redis was emptied while a runner went on: its slot and lease as PostgreSQL knows them. What is
-- there already stands.
-- KEYS  rec_inflight:B:SID  rec_slots:B  rec_queue:B  rec_later:B  rec_queued:B  rec_slots_later:B
-- ARGV  token  lease_ms  SID  lane (c|l)    Gives 1.
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('LREM', KEYS[3], 0, ARGV[3])
    redis.call('LREM', KEYS[4], 0, ARGV[3])
    redis.call('SREM', KEYS[5], ARGV[3])
    redis.call('SADD', KEYS[2], ARGV[3])
    if ARGV[4] == 'l' then
        redis.call('SADD', KEYS[6], ARGV[3])
    end
    redis.call('SET', KEYS[1], ARGV[4] .. ':r:' .. ARGV[1], 'PX', ARGV[2])
end
return 1
