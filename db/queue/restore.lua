-- Redis was emptied while a runner went on: its slot and lease as PostgreSQL knows them. What is
-- there already stands.
-- KEYS  rec_inflight:B:SID  rec_slots:B  rec_queue:B  rec_later:B  rec_queued:B  rec_taken
--       rec_slots_later:B
-- ARGV  token  lease_ms  SID  B  lane (c|l)    Gives 1.
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('LREM', KEYS[3], 0, ARGV[3])
    redis.call('LREM', KEYS[4], 0, ARGV[3])
    redis.call('SREM', KEYS[5], ARGV[3])
    redis.call('SADD', KEYS[2], ARGV[3])
    redis.call('SADD', KEYS[6], ARGV[4])
    if ARGV[5] == 'l' then
        redis.call('SADD', KEYS[7], ARGV[3])
    end
    redis.call('SET', KEYS[1], ARGV[5] .. ':r:' .. ARGV[1], 'PX', ARGV[2])
end
return 1
