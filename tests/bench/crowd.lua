-- wrk: every request comes from another session and asks for another media, in the order of the file CROWD
-- ("cookie<TAB>path" lines). The texts are made beforehand, so that wrk itself costs the same as without a script.
local requests, next_one = {}, 0

function init()
  for line in io.lines(os.getenv("CROWD")) do
    local cookie, path = line:match("^(.-)\t(.*)$")
    requests[#requests + 1] = wrk.format("GET", path, { ["Cookie"] = cookie })
  end
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end
