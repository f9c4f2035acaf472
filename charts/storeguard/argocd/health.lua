-- How a Store is, for Argo CD: resource.customizations.health.urumi.io_Store
local status = obj.status or {}
local said = "The Store has been admitted"
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" and condition.message then
    said = condition.message
  end
end
if obj.metadata.deletionTimestamp then
  return {status = "Progressing", message = said}
end
if status.phase and status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "The Store has changed"}
end
local health = {Ready = "Healthy", Degraded = "Degraded", Failed = "Degraded"}
return {status = health[status.phase] or "Progressing", message = said}
