-- The slots of running transfers are in place, unless Redis was emptied while they were put there.
-- KEYS  rec_ready  rec_restoring:TOKEN    ARGV  ready_ms    Gives 1, or 0: begin again.
if redis.call('DEL', KEYS[2]) == 0 then
    return 0
end
redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return 1
