-- wrk sends each line of a file once: a signature, a tab, a body.
local threads = 0

function setup(thread)
    thread:set("mine", threads)
    threads = threads + 1
end

function init(args)
    lines, at = {}, 0
    local n = 0
    for line in io.lines(args[1]) do
        if n % 2 == mine then
            lines[#lines + 1] = line
        end
        n = n + 1
    end
end

function request()
    at = at % #lines + 1
    local signature, body = lines[at]:match("^(.-)\t(.*)$")
    return wrk.format("POST", nil, {
        ["X-Twilio-Signature"] = signature,
        ["Content-Type"] = "application/x-www-form-urlencoded",
    }, body)
end
