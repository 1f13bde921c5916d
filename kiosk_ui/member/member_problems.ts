// Why the server said no to a member, in words; what other pages hear, too, stands with them.
import { Problem } from "../shared/api";
import { also } from "../shared/i18n/problems";

also({
  "member.no_consent": ["尚未同意这项用途", "you have not agreed to this"],
  "points.short": ["积分不够", "there are too few points"],
  "campaign.budget": ["已兑完", "none are left"],
  "campaign.per_holder": ["每人限领的已领完", "you have had as many as one may have"],
  "campaign.closed": ["活动已结束或还没有开始", "this offer is over, or has not begun"],
  "campaign.not_for_points": ["不能用积分兑换", "points do not buy this"],
  "coupon.code": ["券码无效或已过期", "this code is not valid, or no longer"],
  "coupon.code_used": ["券码已被使用，请向收银台要新的", "this code has been used; ask the till for a new one"],
  "coupon.redeemed": ["这张券已使用", "this coupon has been used"],
  "coupon.expired": ["这张券已过期", "this coupon has expired"],
  "coupon.void": ["这张券已收回", "this coupon was taken back"],
  "coupon.unknown": ["没有这张券", "there is no such coupon"],
  "vehicle.too_many": ["最多绑定 5 辆车，请先解绑一辆", "five vehicles at most: remove one first"],
  "vehicle.weak_proof": ["自助机的二维码不能证明车是您的，请用出入口或收费处的小票", "a kiosk's code does not prove that the car is yours; use a ticket from a lane or the desk"],
  "vehicle.not_paid": ["这次停车还没有缴费", "this stay has not been paid"],
  "vehicle.plate": ["请填写车牌", "say which plate"],
  "vehicle.at_once": ["这辆车正在被绑定，请稍候再试", "this car is being bound at this moment; try again"],
  "vehicle.not_cooling": ["工作人员已在核对", "our staff are checking it already"],
  "vehicle.unknown": ["没有这辆车或这个申请", "there is no such vehicle or claim"],
  "token.refused": ["二维码无效或已过期", "this code is not valid, or no longer"],
  "stay.unknown": ["这不是您的停车记录", "this is no stay of yours"],
});

/** The token is over, is of another kind, or its member was erased; a stay's code that is refused (`token.refused`) is not that. */
export const isOver = (failure: unknown): boolean =>
  failure instanceof Problem && ["auth.required", "auth.forbidden", "member.unknown"].includes(failure.code);
